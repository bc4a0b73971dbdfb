"""Holds openapi.json against the product that runs. `.ci/reference` installs what this needs, and calls it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from product import ROOT, Product
from seeds import PASSWORD, at_places, exemplified, made_up, seeded, settings

RESULTS = ROOT / "target" / "reference"
# Who calls: nobody in particular, API keys in each role, a person, and one who logs in again whenever that has ended.
ROLES = ["nobody", "leaver", "viewer", "editor", "admin", "person"]
# Who calls from the page: a person, too.
READER = "reader"
# How many of them call at once: each keeps one processor busy.
AT_ONCE = 2
# For each role, in seconds.
BUDGET = int(os.environ.get("TENON_REFERENCE_SECONDS", "60"))
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
# They end the log-ins of whoever calls: a person's, with which all else is tried, would be gone. API keys can't call
# them, and who has been made for them does nothing else.
ENDS = ["changePassword", "logOutEverywhere"]


def main():
    RESULTS.mkdir(parents=True, exist_ok=True)
    for wanted in sys.argv[1:] or ["calls", "page"]:
        # A product for each: after the calls there have been too many log-ins from here.
        with tempfile.TemporaryDirectory() as folder, Product(folder) as product:
            {"calls": calls, "page": page}[wanted](product, folder)


def calls(product, folder):
    """Calls that are made from the reference, in each role."""
    reference = product.call("GET", "/openapi.json")
    unknown = made_up(reference)
    if unknown:
        sys.exit(f"nothing is known that could stand in {', '.join(unknown)}: say it in .ci/seeds.py")
    totals, failed, served = {}, [], set()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # All of them first: later there may have been too many log-ins from here.
        enrolments = list(pool.map(lambda role: enrolled(product, role), ROLES))
        made = pool.map(lambda role, who: called(product, folder, reference, role, *who), ROLES, enrolments)
        for role, answers, complaint in made:
            counts = tally(answers)
            for kind, count in counts.items():
                totals[kind] = totals.get(kind, 0) + count
            served |= {operation for operation, status in answers if 200 <= status < 300}
            print(f"{role}: {told(counts)}", flush=True)
            if complaint:
                failed.append(role)
                print(complaint, flush=True)
    print(f"the reference: {told(totals)}, in {len(ROLES)} roles")
    names = {operation["operationId"] for _, _, operation in operations(reference)}
    print(f"served at least once: {len(served & names)} of {len(names)} operations")
    if failed:
        sys.exit(f"not as the reference says: {', '.join(failed)}")
    if names - served:
        sys.exit(f"served in no role: {', '.join(sorted(names - served))}")


def called(product, folder, reference, role, headers, ids):
    """Calls in one role: how each was answered, and what was not as the reference says."""
    har, config, document = (RESULTS / f"{role}.{kind}" for kind in ("har", "toml", "json"))
    config.write_text(settings(ids, address(role) if role == "leaver" else None))
    document.write_text(json.dumps(exemplified(reference, ids)))
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config),
        "run", str(document),
        "--url", product.url, "--checks", ",".join(CHECKS), "--max-time", str(budget(role)),
        "--phases", "examples,fuzzing,stateful", "--seed", "20261121", "--workers", "1",
        "--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure",
        "--report", "har", "--report-har-path", str(har),
    ]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    choice = {"leaver": "--include-operation-id", "person": "--exclude-operation-id"}.get(role)
    for operation in ENDS if choice else []:
        command += [choice, operation]
    own = Path(folder) / role
    own.mkdir()
    outcome = subprocess.run(command, cwd=own, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return role, answered(har, reference), outcome.stdout if outcome.returncode != 0 else None


def budget(role):
    """For how long a role calls: who has little to call needs less."""
    return max(BUDGET // 4, 1) if role == "leaver" else BUDGET


def answered(har, reference):
    """Each call that was made: of which operation, if of any, and its status."""
    # What a path spells out comes before what could stand there.
    forms = sorted(operations(reference), key=lambda form: "{" in form[1])
    forms = [(method, re.compile(re.sub(r"{\w+}", "[^/]+", path)), named) for method, path, named in forms]
    answers = []
    for entry in json.loads(har.read_text())["log"]["entries"]:
        method, path = entry["request"]["method"], urlsplit(entry["request"]["url"]).path
        of = (named["operationId"] for own, form, named in forms if own == method and form.fullmatch(path))
        answers.append((next(of, None), entry["response"]["status"]))
    return answers


def operations(reference):
    """Each operation: its method, its path, and what is said of it."""
    for path, methods in reference["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def tally(answers):
    """How many calls were made, by the first digit of their status."""
    counts = {}
    for _, status in answers:
        kind = f"{status // 100}xx"
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))


def told(counts):
    """`200 calls: 80 2xx (40 %), 120 4xx (60 %)`"""
    total = sum(counts.values())
    parts = [f"{count} {kind} ({count * 100 // total} %)" for kind, count in sorted(counts.items())]
    return f"{total} calls: {', '.join(parts)}"


def enrolled(product, role):
    """How a role calls, and what there is in a tenant of its own: something of everything."""
    if role == "nobody":
        return {}, {}
    signed_up = product.call("POST", "/api/sign-up", {
        "email": address(role), "password": PASSWORD, "name": role.title(),
    })["data"]
    if role == "leaver":
        return {}, {"password": [PASSWORD]}
    ids = seeded(product, role, signed_up)
    token = {"Authorization": f"Bearer {signed_up['access_token']}"}
    if role in ["person", READER]:
        return token, ids
    key = product.call("POST", "/api/api-keys", {"name": role, "role": role}, token)["data"]["key"]
    return {"X-API-Key": key}, ids


def address(role):
    return f"{role}@example.com"


def page(product, _):
    """The page, in a browser that may ask nobody else."""
    from playwright.sync_api import expect, sync_playwright

    shown = list(operations(json.loads((ROOT / "openapi.json").read_text())))
    headers, ids = enrolled(product, READER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"],
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 1600})
        asked, complaints = [], []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{product.url}/docs")
        expect(tab.locator(".opblock-tag").first).to_be_visible()
        turned(tab, "false")
        expect(tab.locator(".opblock")).to_have_count(len(shown))
        tab.screenshot(path=RESULTS / "page.png")
        authorized(tab, headers["Authorization"].removeprefix("Bearer "))
        # With all of it open each letter that is typed takes a second.
        turned(tab, "true")
        reads = [operation for method, _, operation in shown if method == "GET"]
        for tag in sorted({operation["tags"][0] for operation in reads}):
            heading = tab.locator(f"#operations-tag-{tag}")
            heading.click()
            for operation in reads:
                if operation["tags"][0] == tag:
                    tried(tab, operation["operationId"], ids)
            heading.click()
        browser.close()
    elsewhere = [url for url in asked if not url.startswith((product.url, "data:", "blob:"))]
    if elsewhere or complaints:
        sys.exit(f"the page asks elsewhere ({elsewhere}) or complains ({complaints})")
    print(f"the page shows {len(shown)} operations, and serves each of the {len(reads)} that read; pictures: {RESULTS}")


def turned(tab, which):
    """Closes all tags that are open, or opens those that are not."""
    tags = tab.locator(f".opblock-tag[data-is-open={which}]")
    while tags.count() > 0:
        tags.first.click()


def authorized(tab, token):
    """Says on the page who calls."""
    tab.locator(".btn.authorize").first.click()
    field = tab.get_by_label("auth-bearer-value")
    field.fill(token)
    field.press("Enter")
    tab.locator(".btn-done").first.click()


def tried(tab, operation, ids):
    """Tries an operation from the page, as it is shown there, but for the ids of what is there: it is served."""
    from playwright.sync_api import expect

    block = tab.locator(f".opblock[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    for (of, place), name in at_places().items():
        if of == operation and place.startswith("path."):
            field = block.locator(f"tr[data-param-in=path][data-param-name={place.removeprefix('path.')}] input")
            field.fill(ids[name][0])
    execute = block.locator("button.execute")
    expect(execute).to_be_visible()
    execute.click()
    status = block.locator(".live-responses-table .response-col_status").last
    expect(status, operation).to_contain_text("200", timeout=30_000)
    block.scroll_into_view_if_needed()
    tab.screenshot(path=RESULTS / "call.png")
    block.locator(".opblock-summary-control").click()


if __name__ == "__main__":
    main()
