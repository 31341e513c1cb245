import { describeHardHost } from "../host/hard-contract.ts";
import { createNodeWorld } from "../host/node-world.ts";

describeHardHost("node", createNodeWorld);
