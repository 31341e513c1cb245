import { testSchemas } from "./schemas-suite.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

testSchemas(openSqliteD1);
