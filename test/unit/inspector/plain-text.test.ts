/** Text of others, as pages show it. */
import { expect, test } from "vitest";
import { showDeceiving } from "../../../src/inspector/parts/plain-text.ts";

test("[INSP8] characters that reorder or hide text are written out, and no others", () => {
  expect(showDeceiving("pay \u202e001\u202c to \u2066bob\u2069")).toBe("pay \\u{202e}001\\u{202c} to \\u{2066}bob\\u{2069}");
  expect(showDeceiving("approve\u{e0041}\u{e007f}")).toBe("approve\\u{e0041}\\u{e007f}");
  for (const text of ["שלום \u200fעולם", "👩‍💻 می\u200cخواهم", '<b> "quoted" \\u{202e}', "a\nb"]) expect(showDeceiving(text)).toBe(text);
});
