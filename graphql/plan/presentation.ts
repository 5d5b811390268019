/** How TMF REST writes the objects that an operation selects. Their names in the document are those of their fields. */
export interface Presentation {
  /** The name of an attribute in the answer. */
  nameOf(attribute: string): string;
  /** Whether of this list of a type only the first element is shown, as one object. */
  isFirst(type: string, attribute: string): boolean;
  /** The attributes of an extension that are asked for, by the path of the object that has it; undefined: all. */
  membersAt(path: readonly string[]): ReadonlySet<string> | undefined;
}

/** Fields under such names are told beside the object, e.g. its version. */
export function isHead(responseName: string): boolean {
  return responseName.startsWith('_') && !responseName.startsWith('__');
}
