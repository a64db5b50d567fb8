// make doctor. Not a command of cli.ts, which loads all of them: this one answers in a second.
import { runCommand } from "../../lib/command";
import { doctor } from "./doctor";

runCommand({ doctor });
