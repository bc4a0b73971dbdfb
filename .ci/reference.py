"""Holds openapi.json against the product that runs. `.ci/reference` installs what this needs, and says how it is called."""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from product import ROOT, Product
from seeds import PASSWORD, exemplified, made_up, seeded, settings

RESULTS = ROOT / "target" / "reference"
ROLES = ["nobody", "viewer", "editor", "admin", "person"]
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
# They end the log-in that the rest is tried with, and there is no other that they could be told to end.
ENDS = ["changePassword", "logOutEverywhere"]

# What only a person may begin: what follows from it would be tried again and again.
IN_PERSON = ["createExport"]


def main():
    wanted = sys.argv[1:] or ["calls", "page"]
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Product(folder) as product:
        if "calls" in wanted:
            calls(product, folder)
        if "page" in wanted:
            page(product)


def calls(product, folder):
    """Calls that are made from the reference, in each role."""
    reference = product.call("GET", "/openapi.json")
    unknown = made_up(reference)
    if unknown:
        sys.exit(f"nothing is known that could stand in {', '.join(unknown)}: say it in .ci/seeds.py")
    totals, failed = {}, []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for role, made, complaint in pool.map(lambda role: called(product, folder, reference, role), ROLES):
            for kind, count in made.items():
                totals[kind] = totals.get(kind, 0) + count
            print(f"{role}: {told(made)}", flush=True)
            if complaint:
                failed.append(role)
                print(complaint, flush=True)
    print(f"the reference: {told(totals)}, in {len(ROLES)} roles")
    if failed:
        sys.exit(f"not as the reference says: {', '.join(failed)}")


def called(product, folder, reference, role):
    """Calls in one role: how they were answered, and what was not as the reference says."""
    headers, ids = enrolled(product, role)
    har, config, document = (RESULTS / f"{role}.{kind}" for kind in ("har", "toml", "json"))
    config.write_text(settings(ids))
    document.write_text(json.dumps(exemplified(reference, ids)))
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config),
        "run", str(document),
        "--url", product.url, "--checks", ",".join(CHECKS), "--max-time", str(BUDGET),
        "--phases", "examples,fuzzing,stateful", "--seed", "20261121", "--workers", "1",
        "--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure",
        "--report", "har", "--report-har-path", str(har),
    ]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    for operation in ENDS + (IN_PERSON if role != "person" else []):
        command += ["--exclude-operation-id", operation]
    own = Path(folder) / role
    own.mkdir()
    outcome = subprocess.run(command, cwd=own, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return role, tally(har), outcome.stdout if outcome.returncode != 0 else None


def tally(har):
    """How many calls were made, by the first digit of their status."""
    counts = {}
    for entry in json.loads(har.read_text())["log"]["entries"]:
        kind = f"{entry['response']['status'] // 100}xx"
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
        "email": f"{role}@example.com", "password": PASSWORD, "name": role.title(),
    })["data"]
    ids = seeded(product, role, signed_up)
    token = {"Authorization": f"Bearer {signed_up['access_token']}"}
    if role == "person":
        return token, ids
    key = product.call("POST", "/api/api-keys", {"name": role, "role": role}, token)["data"]["key"]
    return {"X-API-Key": key}, ids


def page(product):
    """The page, in a browser that may ask nobody else."""
    from playwright.sync_api import expect, sync_playwright

    operations = json.loads((ROOT / "openapi.json").read_text())["paths"]
    count = sum(len(methods) for methods in operations.values())
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
        closed = tab.locator(".opblock-tag[data-is-open=false]")
        while closed.count() > 0:
            closed.first.click()
        expect(tab.locator(".opblock")).to_have_count(count)
        tab.screenshot(path=RESULTS / "page.png")
        answer = tried(tab, "getHealth")
        tab.screenshot(path=RESULTS / "call.png")
        browser.close()
    elsewhere = [url for url in asked if not url.startswith((product.url, "data:", "blob:"))]
    if elsewhere or complaints:
        sys.exit(f"the page asks elsewhere ({elsewhere}) or complains ({complaints})")
    print(f"the page shows {count} operations, and a call from it was answered {answer}; pictures: {RESULTS}")


def tried(tab, operation):
    """Tries an operation from the page; returns the status that it shows."""
    from playwright.sync_api import expect

    block = tab.locator(f".opblock[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    execute = block.locator("button.execute")
    expect(execute).to_be_visible()
    execute.click()
    status = block.locator(".live-responses-table .response-col_status").last
    expect(status).to_contain_text("200")
    block.scroll_into_view_if_needed()
    return status.inner_text().split()[0]


if __name__ == "__main__":
    main()
