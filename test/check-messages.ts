/** Objects take each other at their word; where they are tested, every message, fact and stored document is parsed whole. */
import { checkMessages } from "../src/durable/protocol/trust.ts";

checkMessages(true);
