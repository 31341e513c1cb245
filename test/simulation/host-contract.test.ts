import { describeHost } from "../host/contract.ts";
import { createNodeWorld } from "../host/node-world.ts";

describeHost("node", createNodeWorld);
