import createClient, { type Client } from "openapi-fetch";
import type { paths, Refusal } from "./schema.js";

export type * from "./schema.js";

/** Who calls, and for which tenant. */
export interface Caller {
  /** An access token or an API key; without one, only what anybody may call is answered. */
  token?: string;
  /** The tenant to act in, by its id or its slug, for whoever belongs to several. */
  tenant?: string;
}

/** Tenon's API: a method for each of HTTP's, which knows the paths, and what each takes and answers. */
export type Tenon = Client<paths>;

/** A client of the API at `url`. */
export function tenon(url: string, { token, tenant }: Caller = {}): Tenon {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
  if (tenant !== undefined) headers["X-Tenant-Id"] = tenant;
  return createClient<paths>({ baseUrl: url, headers });
}

/** A call that was not answered with what it asked for. */
export class Refused extends Error {
  /** The status of the answer. */
  readonly status: number;
  /** What Tenon says of it; nothing if the answer is of what stands before Tenon, a proxy or gateway. */
  readonly refusal: Refusal["error"] | undefined;

  constructor(status: number, body: unknown) {
    const refusal = isRefusal(body) ? body.error : undefined;
    super(refusal?.message ?? `answered ${status}`);
    this.name = "Refused";
    this.status = status;
    this.refusal = refusal;
  }
}

/** The body that a call was answered with; throws what was {@link Refused}. */
export async function body<T>(call: Promise<Answer<T>>): Promise<T> {
  const answer = await call;
  if (!answer.response.ok) throw new Refused(answer.response.status, answer.error);
  return answer.data as T;
}

/**
 * The rows of a list, from page to page. Each row that is there all the while comes once.
 *
 * ```ts
 * for await (const project of rows((at) => tenon.GET("/api/projects", { params: { query: at } }))) { … }
 * ```
 */
export async function* rows<T>(page: (at: { cursor?: string }) => Promise<Answer<Page<T>>>): AsyncGenerator<T, void> {
  let at: { cursor?: string } | undefined = {};
  while (at) {
    const { data, meta }: Page<T> = await body(page(at));
    yield* data;
    at = "next_cursor" in meta && typeof meta.next_cursor === "string" ? { cursor: meta.next_cursor } : undefined;
  }
}

/** What a call comes to. */
export interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** A page of a list. */
export interface Page<T> {
  data: T[];
  meta: object;
}

function isRefusal(body: unknown): body is Refusal {
  return typeof body === "object" && body !== null && "error" in body && typeof body.error === "object";
}
