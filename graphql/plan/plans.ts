import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  visit,
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../src/platform/errors.js';
import type { Access } from '../../src/platform/rights/visibility.js';
import { fragmentsOf, Selections, type Selected } from '../cost/selections.js';
import type { Variables } from '../cost/values.js';
import { nodeIn } from '../node/node-id.js';
import { planField, type PlannedField, type PlannerOptions } from './planner.js';
import type { Presentation } from './presentation.js';

/** Variables that decide what an operation selects; with more of them it has too many forms to keep. */
const structuralMax = 6;
/** Bytes of plans that are kept, about. */
const keptBytesMax = 32_000_000;
/** Of a plan for each character of its document: its tree and the SQL made of it. */
const bytesPerCharacter = 40;

/** A query whose fields are all read by plans. */
export interface PlannedOperation {
  readonly roots: readonly PlannedRoot[];
}

export interface PlannedRoot {
  /** Its name in the answer. */
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** Undefined for __typename. */
  readonly planned: PlannedField | undefined;
}

export interface PlansOptions {
  readonly schema: GraphQLSchema;
  readonly collectionOf: (typeName: string) => string;
}

/** Of a document, whatever the values of its variables. */
interface Form {
  readonly number: number;
  readonly structural: readonly string[];
  /** Variables of which only the type that they name decides. */
  readonly nodes: readonly string[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly length: number;
}

/** Plans of operations, each made once for a document and what it selects. */
export class Plans {
  private readonly forms = new WeakMap<OperationDefinitionNode, Form>();
  private formsMade = 0;
  private readonly planned = new LRUCache<string, { operation: PlannedOperation | undefined; bytes: number }>({
    maxSize: keptBytesMax,
    sizeCalculation: ({ bytes }) => bytes,
  });

  constructor(private readonly options: PlansOptions) {}

  /** The plan of an operation; undefined when a part of it is not read by one. `variables` are coerced. */
  of(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Variables,
    access: Access,
    presentation?: Presentation,
  ): PlannedOperation | undefined {
    if (operation.operation !== 'query') return undefined;
    const form = this.formOf(document, operation);
    if (form.structural.length + form.nodes.length > structuralMax) return undefined;
    const values = [
      ...form.structural.map((name) => JSON.stringify(variables[name])),
      ...form.nodes.map((name) => nodeIn(variables[name])?.typeName ?? '-'),
    ];
    const key = `${form.number} ${access.form} ${values.join(' ')}`;
    let known = this.planned.get(key);
    if (known === undefined) {
      known = {
        operation: this.plan(operation, form, variables, access, presentation),
        bytes: form.length * bytesPerCharacter + 1,
      };
      this.planned.set(key, known);
    }
    return known.operation;
  }

  private plan(
    operation: OperationDefinitionNode,
    { fragments }: Form,
    variables: Variables,
    access: Access,
    presentation: Presentation | undefined,
  ): PlannedOperation | undefined {
    const { schema, collectionOf } = this.options;
    const type = schema.getQueryType();
    if (!type) return undefined;
    const selections = selectionsOf(fragments, variables);
    const roots: PlannedRoot[] = [];
    for (const selected of selections.of([operation.selectionSet], type)) {
      const { responseName: name, field, nodes } = selected;
      const isTypeName = field.name === '__typename';
      const planned = isTypeName
        ? undefined
        : planOf(selected, { schema, selections, collectionOf, presentation, variables, access });
      if (!isTypeName && !planned?.isWhole) return undefined;
      roots.push({ name, field, node: nodes[0] as FieldNode, planned });
    }
    return selections.isExhausted ? undefined : { roots };
  }

  private formOf(document: DocumentNode, operation: OperationDefinitionNode): Form {
    let form = this.forms.get(operation);
    if (form === undefined) {
      const fragments = fragmentsOf(document);
      form = {
        number: ++this.formsMade,
        structural: structuralVariables([document]),
        nodes: nodeVariables(document),
        fragments,
        length: lengthOf(document),
      };
      this.forms.set(operation, form);
    }
    return form;
  }
}

/** Undefined also where it cannot be asked for: the executor, which alone makes errors of fields, finds out why. */
function planOf(selected: Selected, options: PlannerOptions): PlannedField | undefined {
  try {
    return planField(selected, options);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** What is selected with these values of the variables. */
export function selectionsOf(fragments: ReadonlyMap<string, FragmentDefinitionNode>, variables: Variables): Selections {
  return new Selections(
    fragments,
    (selection: SelectionNode) =>
      !selection.directives?.length ||
      (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.['if'] !== true &&
        getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.['if'] !== false),
  );
}

/** The variables in conditions of selections, and in the only argument that has no place in a request. */
export function structuralVariables(parts: readonly ASTNode[]): string[] {
  const names = new Set<string>();
  const note = { Variable: ({ name }: { name: { value: string } }) => void names.add(name.value) };
  const visitor: ASTVisitor = {
    VariableDefinition: () => false,
    Directive: (node) => {
      visit(node, note);
      return false;
    },
    Field: (node) => {
      if (node.name.value === 'totalCount') for (const argument of node.arguments ?? []) visit(argument, note);
    },
  };
  for (const part of parts) visit(part, visitor);
  return [...names].sort();
}

/** The variables that name nodes, as far as anybody knows who does not look at the types. */
function nodeVariables(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Field: (node) => {
      if (node.name.value !== 'node') return;
      for (const argument of node.arguments ?? [])
        visit(argument, { Variable: ({ name }) => void names.add(name.value) });
    },
  });
  return [...names].sort();
}

/** About how long it is: the tokens between its first and its last, where it knows them, or its fields. */
function lengthOf(document: DocumentNode): number {
  if (document.loc) return document.loc.end - document.loc.start;
  let fields = 0;
  visit(document, { Field: () => void fields++ });
  return fields * 12;
}
