import { Recorder } from "./mocks";

/** The password that AWS issues. No message may contain it. */
export const password = "canary";

/** A recorder of a program with credentials of the AWS account that has this alias of ECR Public. */
export function inAwsAccount(alias: string): Recorder {
  const token = { userName: "AWS", password };
  const uri = (name: string) => `public.ecr.aws/${alias}/runner-pulumi-${name.replace("-repository", "")}`;
  return new Recorder(
    { "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken": token },
    { "aws:ecrpublic/repository:Repository": (name) => ({ repositoryUri: uri(name) }) },
  );
}
