import { testProjection } from "./projection-suite.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

testProjection(openSqliteD1);
