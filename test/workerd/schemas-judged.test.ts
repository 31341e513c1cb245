import { testJudge, testTelling } from "../unit/schema/judge-suite.ts";

testJudge();
testTelling();
