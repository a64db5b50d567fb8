import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A process's user. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
}

/**
 * Resolves a user as Docker does, with an image's /etc/passwd and /etc/group: "", "name", "1983", "1983:1983", "name:group".
 * A number needs no entry.
 * @throws if a name has no entry
 */
export async function resolveUser(files: string, text: string): Promise<User> {
  const [name = "", groupName] = (text || "0").split(":");
  const [users, groups] = await Promise.all([readEntries(files, "passwd"), readEntries(files, "group")]);
  const entry = users.find(([user, , uid]) => user === name || uid === name);
  if (entry === undefined && !/^\d+$/.test(name)) {
    throw new Error(`unable to find user ${name}: no matching entries in passwd file`);
  }
  const [user = "", , uid = name, gid = "0", , home = "/"] = entry ?? [];
  const group = groupName ?? gid;
  const groupEntry = groups.find(([each, , number]) => each === group || number === group);
  const member = groups.filter(([, , , members = ""]) => user !== "" && members.split(",").includes(user));
  const others = groupName === undefined ? member.map(([, , number]) => Number(number)) : [];
  return { uid: Number(uid), gid: Number(groupEntry?.[2] ?? group), groups: others, home: home || "/" };
}

async function readEntries(files: string, name: string): Promise<string[][]> {
  const text = await readFile(join(files, "etc", name), "utf8").catch(() => "");
  return text.split("\n").map((line) => line.split(":"));
}
