/** Something the user can mend. It is shown without a stack: its message names the value, the rule and the remedy. */
export class Fault extends Error {}
