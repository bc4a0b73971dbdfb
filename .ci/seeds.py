"""What is there before the calls of `.ci/reference` are made, so that most of them name something that is."""

import copy
import json
import re
import time

# Whoever is there has it.
PASSWORD = "a long password"
# Of ten values that could be one of these, how many are; the rest is made up.
OFTEN = 0.8
# Of what can be ended once and for all, how many there are to end.
SPARES = 4
# What the tenants are called that are there to be deleted.
SPARE = "Spare"
# What a task has with it: `%PDF-1.7`.
FILE = {"filename": "plan.pdf", "content_type": "application/pdf", "file_base64": "JVBERi0xLjc="}
# Which of what is there stands where, by operation. What is "spare" is deleted, archived and restored by the calls.
PLACES = {
    "project": {
        "path.id": [
            "getProject", "listProjectMembers", "listTasks", "createTask", "changeTasks", "listProjectEvents",
            "searchTasks", "listLabels", "getLabel", "createLabel", "replaceLabel", "updateLabel", "deleteLabel",
        ],
        "body.projectId": ["postCreateTask", "postSearchTasks"],
        "body.project_id": ["moveTask"],
    },
    "spare_project": {
        "path.id": ["replaceProject", "updateProject", "deleteProject", "restoreProject", "putProjectMember"],
    },
    "shared_project": {"path.id": ["getProjectMember"]},
    "spare_shared_project": {"path.id": ["removeProjectMember"]},
    "task": {
        "path.id": [
            "getTask", "replaceTask", "updateTask", "createComment", "listComments", "listTaskEvents",
        ],
        "body.position.after": ["updateTask"],
    },
    "spare_task": {"path.id": ["deleteTask", "moveTask", "restoreTask"], "body.operations[*].id": ["changeTasks"]},
    "filed_task": {"path.id": ["getAttachment"]},
    "commented_task": {
        "path.id": ["getComment", "replaceComment", "updateComment", "deleteComment"],
    },
    "comment": {"path.comment_id": ["getComment", "replaceComment", "updateComment"]},
    "spare_comment": {"path.comment_id": ["deleteComment"]},
    "label": {
        "path.label_id": ["getLabel", "replaceLabel", "updateLabel"],
        "body.labels[*]": ["createTask", "replaceTask", "updateTask"],
    },
    "spare_label": {"path.label_id": ["deleteLabel"]},
    "notification": {"body.ids[*]": ["readNotifications"]},
    "colleague": {
        "path.user_id": [
            "getMember", "updateMember", "getProjectMember", "putProjectMember", "removeProjectMember",
        ],
        "body.assigned_to": ["createTask", "replaceTask", "updateTask"],
        "query.assigned_to": ["listTasks"],
    },
    "invitation": {"path.id": ["getInvitation", "resendInvitation"]},
    "spare_invitation": {"path.id": ["deleteInvitation"]},
    "tenant": {
        "path.id": ["getTenant", "getTenantUsage", "replaceTenantSettings", "createExport", "getExport"],
    },
    "export": {"path.export_id": ["getExport"]},
    "spare_session": {"path.id": ["deleteSession"]},
    "key": {"path.id": ["getApiKey"]},
    "spare_key": {"path.id": ["deleteApiKey"]},
    "spare_member": {"path.user_id": ["removeMember"]},
    "spare_tenant": {"path.id": ["deleteTenant"]},
    "spare_name": {"body.name": ["deleteTenant"]},
    "deletion": {"path.id": ["getTenantDeletion"]},
    "email": {"body.email": ["logIn"]},
    "password": {"body.password": ["logIn", "changePassword"], "body.current_password": ["changePassword"]},
    "refresh_token": {"body.refresh_token": ["refreshToken"]},
    "spare_refresh_token": {"body.refresh_token": ["logOut"]},
    "invitation_link": {"body.token": ["acceptInvitation"]},
    "reset_link": {"body.token": ["resetPassword"]},
    "verification_link": {"body.token": ["verifyEmail"]},
}
# A new password that is made up would be known to nobody afterwards.
ALWAYS = [("changePassword", "body.password")]
# What these end may be the log-in, the membership or the tenant that the rest is tried with, unless it is spare: so
# they are given nothing that an answer has told.
SPARE_ALONE = ["deleteSession", "deleteApiKey", "removeMember", "deleteTenant"]


def seeded(product, role, signed_up):
    """Fills the tenant of whoever has just signed up; the ids of what is there then, by what it is."""
    token = {"Authorization": f"Bearer {signed_up['access_token']}"}
    tenant = signed_up["tenant"]["id"]

    def post(path, body, by=token):
        return product.call("POST", path, body, by)["data"]["id"]

    def deleted(path, ids):
        for one in ids:
            product.call("DELETE", f"{path}/{one}", None, token)

    (colleague, as_colleague), *others = join(product, role, token, 1 + SPARES)
    forgetful = invited(product, f"{role}-forgetful", token, SPARES)
    for one in links(product, forgetful, "invitation"):
        accept(product, one)
    projects = [post("/api/projects", {"name": f"Reference {number}"}) for number in range(13)]
    project = projects.pop()
    tasks = [post(f"/api/projects/{project}/tasks", {"title": f"Count {number}"}) for number in range(24)]
    commented = tasks[0]
    filed = post(f"/api/projects/{project}/tasks", {"title": "With a file", "attachment": FILE})
    comments = [post(f"/api/tasks/{commented}/comments", {"text": f"Said {number}"}) for number in range(12)]
    post(f"/api/tasks/{commented}/comments", {"text": f"See <@{signed_up['user']['id']}>"}, as_colleague)
    for one in projects:
        product.call("PUT", f"/api/projects/{one}/members/{colleague}", {"role": "editor"}, token)
    shared = projects.pop()
    labels = [post(f"/api/projects/{project}/labels", {"name": f"Label {number}"}) for number in range(8)]
    invitations = [
        post("/api/invitations", {"email": f"{role}-{number}@example.org", "role": "viewer"}) for number in range(4)
    ]
    deleted("/api/projects", projects[-4:])
    deleted("/api/tasks", tasks[-6:])
    tenants = [post("/api/tenants", {"name": SPARE}) for _ in range(SPARES + 1)]
    product.call("DELETE", f"/api/tenants/{tenants[0]}", {"name": SPARE}, token)
    notifications = product.call("GET", "/api/notifications", None, token)["data"]
    email = signed_up["user"]["email"]
    return {
        "project": [project],
        "spare_project": projects[SPARES:],
        "shared_project": [shared],
        "spare_shared_project": projects[:SPARES],
        "task": tasks[:8],
        "spare_task": tasks[8:],
        "filed_task": [filed],
        "commented_task": [commented],
        "comment": comments[:4],
        "spare_comment": comments[4:],
        "label": labels[:3],
        "spare_label": labels[3:],
        "notification": [notification["id"] for notification in notifications],
        "colleague": [colleague],
        "invitation": invitations[:1],
        "spare_invitation": invitations[1:],
        "tenant": [tenant],
        "export": [post(f"/api/tenants/{tenant}/exports", None)],
        "spare_session": sessions(product, email, token),
        "key": [post("/api/api-keys", {"name": "Kept", "role": "viewer"})],
        "spare_key": [post("/api/api-keys", {"name": "Spare", "role": "viewer"}) for _ in range(SPARES)],
        "spare_member": [member for member, _ in others],
        "spare_tenant": tenants[1:],
        "spare_name": [SPARE],
        "deletion": tenants[:1],
        "email": [email],
        "password": [PASSWORD],
        "refresh_token": [log_in(product, email) for _ in range(SPARES)],
        "spare_refresh_token": [log_in(product, email) for _ in range(SPARES)],
        "invitation_link": links(product, invited(product, f"{role}-newcomer", token, SPARES), "invitation"),
        "reset_link": forgotten(product, forgetful),
        "verification_link": links(product, [email], "verify-email"),
    }


def join(product, role, token, count):
    """Others in the tenant: who each is, and how they call."""
    emails = invited(product, f"{role}-colleague", token, count)
    return [accept(product, one) for one in links(product, emails, "invitation")]


def accept(product, token):
    """Whoever is invited accepts: who they are, and how they call."""
    joining = {"token": token, "name": "Colleague", "password": PASSWORD}
    joined = product.call("POST", "/api/accept-invitation", joining)["data"]
    return joined["user"]["id"], {"Authorization": f"Bearer {joined['access_token']}"}


def invited(product, name, token, count):
    """So many addresses that are invited into the tenant."""
    emails = [f"{name}-{number}@example.com" for number in range(count)]
    for email in emails:
        product.call("POST", "/api/invitations", {"email": email, "role": "editor"}, token)
    return emails


def forgotten(product, emails):
    """Links to new passwords, for those who say that they have forgotten theirs."""
    for email in emails:
        product.call("POST", "/api/forgot-password", {"email": email})
    return links(product, emails, "reset-password")


def links(product, emails, page):
    """What the links to a page carry that were emailed to each."""
    return [link(product, email, page) for email in emails]


def link(product, email, page):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        texts = [mail["text"] for mail in product.call("GET", "/_local/outbox") if mail["to"] == email]
        found = [found[1] for text in texts if (found := re.search(rf"{page}\?token=(\S+)", text))]
        if found:
            return found[0]
        time.sleep(0.1)
    raise TimeoutError(f"no mail to {email}")


def log_in(product, email):
    """One more log-in: the token that carries it on."""
    return product.call("POST", "/api/log-in", {"email": email, "password": PASSWORD})["data"]["refresh_token"]


def sessions(product, email, token):
    """Log-ins of whoever calls, but for the one that they call with."""
    for _ in range(SPARES):
        log_in(product, email)
    listed = product.call("GET", "/api/sessions", None, token)["data"]
    return [session["id"] for session in listed if not session["current"]]


def exemplified(document, ids):
    """The document, whose examples name what is there."""
    document = copy.deepcopy(document)
    if "tenant" in ids:
        document["components"]["parameters"]["Tenant"]["example"] = ids["tenant"][0]
    named = {place: ids[name] for place, name in at_places().items() if ids.get(name)}
    for operation, place, parameter in in_paths(document):
        if (operation, place) in named:
            parameter["example"] = named[operation, place][0]
    for operation, place, body, field in in_bodies(document):
        if (operation, place) in named:
            body[field] = named[operation, place][0]
    return document


def made_up(document):
    """What stands in paths and is never of something that is there: nothing is said of it above."""
    named = at_places()
    return [f"{place} of {operation}" for operation, place, _ in in_paths(document) if (operation, place) not in named]


def at_places():
    return {
        (operation, place): name
        for name, places in PLACES.items() for place, operations in places.items() for operation in operations
    }


def in_paths(document):
    """Each parameter that stands in a path: of which operation, where, and what is said of it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("in") == "path":
                    yield operation["operationId"], f"path.{parameter['name']}", parameter


def in_bodies(document):
    """Each field of the examples of bodies: of which operation, where, and what it is a field of."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                for example in media.get("examples", {}).values():
                    for field in example["value"]:
                        yield operation["operationId"], f"body.{field}", example["value"], field


def settings(ids, email=None):
    """What tells schemathesis of them: its configuration file. With an address it logs in by itself when it has to."""
    # Left to itself it signs up as whoever it likes, and nobody would be somebody.
    lines, operations = ["[auth]", "auto-signup = false"], {}
    if email:
        lines += ["[auth.dynamic.openapi.token]", 'path = "/api/log-in"', 'extract_selector = "/data/access_token"']
        lines += [f"payload = {{ email = {json.dumps(email)}, password = {json.dumps(PASSWORD)} }}"]
    # Left to itself it also sends what it has seen in answers, whatever that is the id of, and soon deletes all.
    for phase in ["examples", "fuzzing"]:
        lines += [f"[phases.{phase}.extra-data-sources]", "responses = false"]
    if "tenant" in ids:
        lines += ["[parameters]", f'"header.X-Tenant-Id" = {{ dictionary = "tenant", probability = {OFTEN} }}']
    for name, places in PLACES.items():
        if not ids.get(name):
            continue
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(ids[name])}"]
        for place, named in places.items():
            for operation in named:
                operations.setdefault(operation, {})[place] = name
    for operation, places in operations.items():
        lines += ["[[operations]]", f"include-operation-id = {json.dumps(operation)}"]
        lines += ["[operations.parameters]"]
        for place, name in places.items():
            often = 1.0 if (operation, place) in ALWAYS else OFTEN
            lines.append(f'"{place}" = {{ dictionary = "{name}", probability = {often} }}')
        if operation in SPARE_ALONE:
            lines += ["[operations.phases.stateful]", "enabled = false"]
    return "\n".join(lines) + "\n"
