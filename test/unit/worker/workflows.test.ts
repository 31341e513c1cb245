import { openSqliteD1 } from "./sqlite-d1.ts";
import { testWorkflows } from "./workflows-suite.ts";

testWorkflows(openSqliteD1);
