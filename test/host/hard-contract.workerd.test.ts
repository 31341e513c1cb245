import { describeHardHost } from "./hard-contract.ts";
import { createWorkerdWorld } from "./workerd-world.ts";

describeHardHost("workerd", createWorkerdWorld);
