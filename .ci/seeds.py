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
# Which of what is there stands where, by operation. What is "spare" is deleted, archived and restored by the calls.
PLACES = {
    "project": {
        "path.id": [
            "getProject", "listProjectMembers", "listTasks", "createTask", "changeTasks", "listProjectEvents",
            "searchTasks", "listLabels", "getLabel", "createLabel", "replaceLabel", "updateLabel",
            "deleteLabel",
        ],
        "body.projectId": ["postCreateTask", "postSearchTasks"],
        "body.project_id": ["moveTask"],
    },
    "spare_project": {
        "path.id": [
            "replaceProject", "updateProject", "deleteProject", "restoreProject", "putProjectMember",
            "removeProjectMember",
        ],
    },
    "task": {
        "path.id": [
            "getTask", "replaceTask", "updateTask", "createComment", "listComments", "listTaskEvents",
        ],
        "body.position.after": ["updateTask"],
    },
    "spare_task": {"path.id": ["deleteTask", "moveTask", "restoreTask"], "body.operations[*].id": ["changeTasks"]},
    "commented_task": {
        "path.id": ["getComment", "replaceComment", "updateComment", "deleteComment"],
    },
    "comment": {"path.comment_id": ["getComment", "replaceComment", "updateComment"]},
    "spare_comment": {"path.comment_id": ["deleteComment"]},
    "label": {
        "path.label_id": ["getLabel", "replaceLabel", "updateLabel"],
        "body.labels[*]": ["createTask", "replaceTask", "updateTask"],
        "query.label": ["listTasks"],
    },
    "spare_label": {"path.label_id": ["deleteLabel"]},
    "notification": {"body.ids[*]": ["readNotifications"]},
    "colleague": {
        "path.user_id": ["updateMember", "putProjectMember", "removeProjectMember"],
        "body.assigned_to": ["createTask", "replaceTask", "updateTask"],
        "query.assigned_to": ["listTasks"],
    },
    "invitation": {"path.id": ["resendInvitation"]},
    "spare_invitation": {"path.id": ["deleteInvitation"]},
    "tenant": {
        "path.id": ["getTenant", "getTenantUsage", "replaceTenantSettings", "createExport", "getExport"],
    },
    "export": {"path.export_id": ["getExport"]},
    "spare_session": {"path.id": ["deleteSession"]},
    "spare_key": {"path.id": ["deleteApiKey"]},
    "spare_member": {"path.user_id": ["removeMember"]},
    "spare_tenant": {"path.id": ["deleteTenant"]},
    "spare_name": {"body.name": ["deleteTenant"]},
    "deletion": {"path.id": ["getTenantDeletion"]},
}
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
    projects = [post("/api/projects", {"name": f"Reference {number}"}) for number in range(12)]
    project = projects.pop()
    tasks = [post(f"/api/projects/{project}/tasks", {"title": f"Count {number}"}) for number in range(24)]
    commented = tasks[0]
    comments = [post(f"/api/tasks/{commented}/comments", {"text": f"Said {number}"}) for number in range(12)]
    post(f"/api/tasks/{commented}/comments", {"text": f"See <@{signed_up['user']['id']}>"}, as_colleague)
    labels = [post(f"/api/projects/{project}/labels", {"name": f"Label {number}"}) for number in range(8)]
    invitations = [
        post("/api/invitations", {"email": f"{role}-{number}@example.org", "role": "viewer"}) for number in range(4)
    ]
    deleted("/api/projects", projects[-4:])
    deleted("/api/tasks", tasks[-6:])
    tenants = [post("/api/tenants", {"name": SPARE}) for _ in range(SPARES + 1)]
    product.call("DELETE", f"/api/tenants/{tenants[0]}", {"name": SPARE}, token)
    notifications = product.call("GET", "/api/notifications", None, token)["data"]
    return {
        "project": [project],
        "spare_project": projects,
        "task": tasks[:8],
        "spare_task": tasks[8:],
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
        "spare_session": sessions(product, signed_up["user"]["email"], token),
        "spare_key": [post("/api/api-keys", {"name": "Spare", "role": "viewer"}) for _ in range(SPARES)],
        "spare_member": [member for member, _ in others],
        "spare_tenant": tenants[1:],
        "spare_name": [SPARE],
        "deletion": tenants[:1],
    }


def join(product, role, token, count):
    """Others in the tenant: who each is, and how they call."""
    emails = [f"{role}-colleague-{number}@example.com" for number in range(count)]
    for email in emails:
        product.call("POST", "/api/invitations", {"email": email, "role": "editor"}, token)
    return [accept(product, email) for email in emails]


def accept(product, email):
    """Whoever is invited there accepts: who they are, and how they call."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        mail = [mail for mail in product.call("GET", "/_local/outbox") if mail["to"] == email]
        if mail:
            link = re.search(r"invitation\?token=(\S+)", mail[0]["text"])[1]
            joining = {"token": link, "name": "Colleague", "password": PASSWORD}
            joined = product.call("POST", "/api/accept-invitation", joining)["data"]
            return joined["user"]["id"], {"Authorization": f"Bearer {joined['access_token']}"}
        time.sleep(0.1)
    raise TimeoutError(f"no mail to {email}")


def sessions(product, email, token):
    """Log-ins of whoever calls, but for the one that they call with."""
    for _ in range(SPARES):
        product.call("POST", "/api/log-in", {"email": email, "password": PASSWORD})
    listed = product.call("GET", "/api/sessions", None, token)["data"]
    return [session["id"] for session in listed if not session["current"]]


def exemplified(document, ids):
    """The document, whose examples name what is there."""
    document = copy.deepcopy(document)
    if ids:
        document["components"]["parameters"]["Tenant"]["example"] = ids["tenant"][0]
    named = at_places()
    for operation, place, parameter in in_paths(document):
        if (operation, place) in named and ids:
            parameter["example"] = ids[named[operation, place]][0]
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


def settings(ids):
    """What tells schemathesis of them: its configuration file."""
    # Left to itself it also sends what it has seen in answers, whatever that is the id of, and soon deletes all.
    lines, operations = [], {}
    for phase in ["examples", "fuzzing"]:
        lines += [f"[phases.{phase}.extra-data-sources]", "responses = false"]
    if ids:
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
            lines.append(f'"{place}" = {{ dictionary = "{name}", probability = {OFTEN} }}')
        if operation in SPARE_ALONE:
            lines += ["[operations.phases.stateful]", "enabled = false"]
    return "\n".join(lines) + "\n"
