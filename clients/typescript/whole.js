// Says of each answer what it has if nobody chooses `fields`, which the client does not.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const document = JSON.parse(readFileSync("../../openapi.json", "utf8"));
const { schemas } = document.components;
const prefix = "#/components/schemas/";
const parts = new Map(
  Object.keys(schemas)
    .filter((name) => schemas[name]["x-whole"] && name.endsWith("Part") && name.slice(0, -4) in schemas)
    .map((name) => [name, name.slice(0, -4)]),
);

function whole(value) {
  if (value === null || typeof value !== "object") return;
  if (Array.isArray(value["x-whole"])) value.required = value["x-whole"];
  if (Array.isArray(value.parameters)) {
    value.parameters = value.parameters.filter((parameter) => parameter.name !== "fields");
  }
  const part = typeof value.$ref === "string" && parts.get(value.$ref.slice(prefix.length));
  if (part) value.$ref = prefix + part;
  Object.values(value).forEach(whole);
}

whole(document);
for (const name of parts.keys()) delete schemas[name];
mkdirSync("dist", { recursive: true });
writeFileSync("dist/openapi.json", JSON.stringify(document));
