/** A JavaScript stack trace, or Pulumi's heading for one. No refusal may print it. */
export const stackTrace = /unhandled exception|^ *at .*[:(]\d+:\d+\)?$|^ *at .*\(node:/m;
