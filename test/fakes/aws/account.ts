import { readFileSync, writeFileSync } from "node:fs";

/** What an AWS account has of ECR Public, as far as the stand-in knows it. */
export interface Account {
  /** The alias of its registry: public.ecr.aws/<alias>. */
  readonly alias: string;
  /** The password that it gives for user AWS. */
  readonly password: string;
  /** Its repositories by name, with their catalogue data. */
  readonly repositories: Readonly<Record<string, unknown>>;
}

/** The environment variable that names the account's file. */
export const accountVariable = "AWS_STAND_IN_ACCOUNT";

/** Reads the file of an account. */
export function readAccount(file: string): Account {
  return JSON.parse(readFileSync(file, "utf8")) as Account;
}

/** Writes the file of an account. */
export function writeAccount(file: string, account: Account): void {
  writeFileSync(file, JSON.stringify(account, null, 2));
}
