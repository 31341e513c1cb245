/** What both machines of a thread did, page by page. */
import type { Answer } from "../../../contract/http/answers.ts";
import type { Api } from "../api.ts";

/** Steps of each machine that one request asks for. */
const page = 200;

/** @param after the revision of both machines behind which it begins */
export async function* readHistory(api: Api, id: string, after: number): AsyncGenerator<Answer<"history">> {
  for (let from = after; ; ) {
    const path = `v1/threads/${encodeURIComponent(id)}/history?after=${from}&limit=${page}`;
    const history = (await api.call("GET", path)) as Answer<"history">;
    yield history;
    const full = [history.recruitment, history.task ?? []].filter(({ length }) => length >= page);
    if (full.length === 0) return;
    from = Math.min(...full.map((steps) => steps.at(-1)?.revision ?? 0));
  }
}
