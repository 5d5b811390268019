import { GraphQLError, parse, specifiedRules, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { subscriptionRules, TOKENS_MAX } from '../../../graphql/limits.js';

/** Characters of documents that are kept parsed. */
const keptLengthMax = 1_000_000;
/** Problems of one document that are told. */
const errorsMax = 10;

/** Parses the documents of subscriptions, and holds them against the schema and its bounds. */
export class SubscriptionDocuments {
  private readonly known = new LRUCache<string, DocumentNode>({
    maxSize: keptLengthMax,
    sizeCalculation: (_document, query) => query.length + 1,
  });

  /** @param isSchemaShown whether messages may say what there is instead */
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly isSchemaShown: boolean,
  ) {}

  /** The document, or what is wrong with it. */
  read(query: string): DocumentNode | readonly GraphQLError[] {
    const known = this.known.get(query);
    if (known) return known;
    let document: DocumentNode;
    try {
      document = parse(query, { maxTokens: TOKENS_MAX });
    } catch (error) {
      return [this.refused(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')];
    }
    const errors = validate(this.schema, document, [...specifiedRules, ...subscriptionRules], {
      maxErrors: errorsMax,
    });
    if (errors.length > 0) return errors.map((error) => this.refused(error, 'GRAPHQL_VALIDATION_FAILED'));
    this.known.set(query, document);
    return document;
  }

  private refused({ message, nodes, source, positions }: GraphQLError, code: string): GraphQLError {
    const shown = this.isSchemaShown ? message : message.replace(/ ?Did you mean(.+?)\?$/, '');
    return new GraphQLError(shown, { nodes, source, positions, extensions: { code } });
  }
}
