import { printTable } from "./faults";

/** Runs after the last suite. */
after("the table of faults", () => printTable());
