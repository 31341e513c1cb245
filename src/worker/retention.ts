/** How long the log keeps what: the rules are the objects' too, see `durable/retention.ts`. */
export { defaultRetention, parseRetention, type Retention } from "../durable/retention.ts";
