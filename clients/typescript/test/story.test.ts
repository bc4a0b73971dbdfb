// What the client is for, done with it, against the product at TENON_URL.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";

import { body, Refused, rows, type TaskView, type Tenon, tenon } from "../src/index.js";

const url = process.env["TENON_URL"];
assert(url, "TENON_URL says where the product is");

let ada: Tenon;
let project: string;

before(async () => {
  const account = { email: `${randomUUID()}@example.com`, password: "a long enough one", name: "Ada" };
  const signedUp = await body(tenon(url).POST("/api/sign-up", { body: account }));
  ada = tenon(url, { token: signedUp.data.access_token });
  project = (await body(ada.POST("/api/projects", { body: { name: "Moon landing" } }))).data.id;
});

test("a project has the tasks that were made in it", async () => {
  const made = await make("Rehearse the descent");
  const shown = await body(ada.GET("/api/tasks/{id}", { params: { path: { id: made.id } } }));
  assert.deepEqual(shown.data, made);
  assert.equal(shown.data.project_id, project);
  assert.equal(shown.data.status, "todo");
});

test("a walk by cursor meets every task once", async () => {
  const id = (await body(ada.POST("/api/projects", { body: { name: "A long list" } }))).data.id;
  const titles = ["One", "Two", "Three", "Four", "Five"];
  for (const title of titles) {
    await body(ada.POST("/api/projects/{id}/tasks", { params: { path: { id } }, body: { title } }));
  }
  const seen: string[] = [];
  const page = (at: { cursor?: string }) =>
    ada.GET("/api/projects/{id}/tasks", {
      params: { path: { id }, query: { sort: "created_at", limit: 2, ...at } },
    });
  for await (const task of rows(page)) seen.push(task.title);
  assert.deepEqual(seen, titles);
});

test("a patch under If-Match is refused after somebody else's", async () => {
  const { id } = await make("Refuel");
  const path = { id };
  const { response } = await ada.GET("/api/tasks/{id}", { params: { path } });
  const header = { "If-Match": response.headers.get("etag") ?? "" };
  const first = await body(ada.PATCH("/api/tasks/{id}", { params: { path, header }, body: { status: "done" } }));
  assert.equal(first.data.status, "done");
  const second = await ada.PATCH("/api/tasks/{id}", { params: { path, header }, body: { status: "todo" } });
  assert.equal(second.response.status, 412);
  assert.equal(second.error?.error.code, "PRECONDITION_FAILED");
});

test("what is known already is not sent again", async () => {
  const { id } = await make("Look up");
  const first = await ada.GET("/api/tasks/{id}", { params: { path: { id } } });
  const header = { "If-None-Match": first.response.headers.get("etag") ?? "" };
  const second = await ada.GET("/api/tasks/{id}", { params: { path: { id }, header } });
  assert.equal(second.response.status, 304);
  assert.equal(second.data, undefined);
});

test("a request that is sent again with its key has its effect once", async () => {
  const header = { "Idempotency-Key": randomUUID() };
  const send = (title: string) =>
    ada.POST("/api/projects/{id}/tasks", { params: { path: { id: project }, header }, body: { title } });
  const first = await send("Once");
  const again = await send("Once");
  assert.equal(first.data?.data.id, again.data?.data.id);
  assert.equal(again.response.headers.get("idempotency-replayed"), "true");
  const other = await send("Another");
  assert.equal(other.response.status, 422);
});

test("each change of many is answered by itself", async () => {
  const { id } = await make("Pack");
  const answer = await body(
    ada.POST("/api/projects/{id}/tasks/bulk", {
      params: { path: { id: project } },
      body: {
        operations: [
          { op: "create", title: "Wave" },
          { op: "update", id, status: "in_progress" },
          { op: "delete", id: randomUUID() },
        ],
      },
    }),
  );
  assert.deepEqual(answer.data.map(({ status }) => status), [201, 200, 404]);
  assert.equal(answer.data[1]?.data?.status, "in_progress");
  assert.equal(answer.data[2]?.error?.code, "NOT_FOUND");
});

test("what was deleted is gone, and can be restored", async () => {
  const { id } = await make("Jettison");
  const params = { path: { id } };
  const deleted = await ada.DELETE("/api/tasks/{id}", { params });
  assert.equal(deleted.response.status, 204);
  await assert.rejects(body(ada.GET("/api/tasks/{id}", { params })), { name: "Refused", status: 404 });
  const restored = await body(ada.POST("/api/tasks/{id}/restore", { params }));
  assert.equal(restored.data.title, "Jettison");
});

test("a refusal names every bad field", async () => {
  const params = { path: { id: project } };
  const wrong = { title: "", due_date: -1 };
  const refused = await body(ada.POST("/api/projects/{id}/tasks", { params, body: wrong })).catch((error) => error);
  assert(refused instanceof Refused);
  assert.equal(refused.status, 422);
  assert.equal(refused.refusal?.code, "VALIDATION_ERROR");
  assert.deepEqual(refused.refusal.details.map(({ field }) => field), ["title", "due_date"]);
  assert.notEqual(refused.refusal.request_id, "");
  assert.equal(refused.message, refused.refusal.message);
});

test("nobody in particular is told nothing", async () => {
  const refused = await tenon(url).GET("/api/projects");
  assert.equal(refused.response.status, 401);
  assert.equal(refused.error?.error.code, "UNAUTHENTICATED");
});

async function make(title: string): Promise<TaskView> {
  const made = ada.POST("/api/projects/{id}/tasks", { params: { path: { id: project } }, body: { title } });
  return (await body(made)).data;
}
