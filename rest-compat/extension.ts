/** The GraphQL attribute that holds what an extension adds to a resource (TMF630 Part 2). */
export const extensionAttribute = 'extension';
