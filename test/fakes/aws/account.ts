import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** An AWS account's part of ECR Public, as far as the fake knows it. */
export interface Account {
  /** The alias of its registry: public.ecr.aws/<alias>. */
  readonly alias: string;
  /** The password that it issues for user AWS. */
  readonly password: string;
  /** Its repositories by name, with their catalogue data. */
  readonly repositories: Readonly<Record<string, unknown>>;
}

/** The environment variable that names the account's file. */
export const accountVariable = "FAKE_AWS_ACCOUNT";

/** Reads the file of an account. */
export function readAccount(file: string): Account {
  return JSON.parse(readFileSync(file, "utf8")) as Account;
}

/** Replaces parts of an account; all of them if its file does not exist. */
export function changeAccount(file: string, account: Partial<Account>): void {
  const previous = existsSync(file) ? readAccount(file) : {};
  writeFileSync(file, JSON.stringify({ ...previous, ...account }, null, 2));
}
