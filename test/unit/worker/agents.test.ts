import { testAgents } from "./agents-suite.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

testAgents(openSqliteD1);
