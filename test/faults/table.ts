import { takeLock } from "../../local/checkoutLock";
import { printTable } from "./faults";

/** Runs before the first suite. */
before("no other command of this checkout runs", async () => void (await takeLock()));

/** Runs after the last suite. */
after("the table of faults", () => printTable());
