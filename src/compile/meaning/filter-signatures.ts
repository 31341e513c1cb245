/** What Liquid's filters take and give. */

/** What one filter takes. */
export interface FilterSignature {
  /** `s` what can be written as text, `n` a number, `a` a list, `t` text or a list, `x` anything. */
  input: string;
  /** As above; `f` the name of a field of the items, `v` a value of that field. */
  args: readonly { kind: string; optional: boolean }[];
  /** `s` text, `n` a number, `b` a boolean, `S` texts, `i` an item, `=` what comes in, `m` the field's values, `x` anything. */
  gives: string;
}

const written =
  "escape s:s|xml_escape s:s|escape_once s:s|newline_to_br s:s|strip_html s:s|abs n:n|at_least n n:n|at_most n n:n|ceil n:n|divided_by n n x?:n|floor n:n|" +
  "minus n n:n|plus n n:n|modulo n n:n|times n n:n|round n n?:n|url_decode s:s|url_encode s:s|cgi_escape s:s|uri_escape s:s|slugify s s? x?:s|" +
  "join a s?:s|last t:i|first t:i|reverse a:=|sort a f?:=|sort_natural a f?:=|size x:n|map a f:m|sum a f?:n|compact a f?:=|concat a a?:x|push a x:x|" +
  "unshift a x:x|pop a:=|shift a:=|slice t n n?:=|where a f v?:=|reject a f v?:=|has a f v?:b|find a f v?:i|find_index a f v?:n|group_by a f:x|uniq a:=|" +
  "date x s? x?:s|date_to_xmlschema x:s|append s s:s|prepend s s:s|lstrip s s?:s|rstrip s s?:s|strip s s?:s|strip_newlines s:s|squish s:s|" +
  "downcase s:s|upcase s:s|capitalize s:s|remove s s:s|remove_first s s:s|remove_last s s:s|split s s:S|replace s s s:s|replace_first s s s:s|" +
  "replace_last s s s:s|truncate s n? s?:s|truncatewords s n? s?:s|normalize_whitespace s:s|number_of_words s x?:n|array_to_sentence_string a s?:s|" +
  "default x x x?:x|raw x:=|json x n?:s|jsonify x n?:s|inspect x n?:s|to_integer n:n|base64_encode s:s|base64_decode s:s";

/** By filter. */
export const filterSignatures: ReadonlyMap<string, FilterSignature> = new Map(
  written.split("|").map((line): [string, FilterSignature] => {
    const [takes = "", gives = "x"] = line.split(":");
    const [name = "", input = "x", ...args] = takes.split(" ");
    return [name, { input, args: args.map((arg) => ({ kind: arg.charAt(0), optional: arg.endsWith("?") })), gives }];
  }),
);
