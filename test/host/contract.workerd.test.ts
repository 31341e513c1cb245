import { describeHost } from "./contract.ts";
import { createWorkerdWorld } from "./workerd-world.ts";

describeHost("workerd", createWorkerdWorld);
