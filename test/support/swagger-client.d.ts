/** What the tests use of swagger-client, which has no types of its own. */
declare module 'swagger-client' {
  interface Options {
    spec: object;
    requestInterceptor?: (request: any) => any;
  }
  export default function SwaggerClient(
    options: Options,
  ): Promise<{ execute(call: { operationId: string; parameters: object }): Promise<any> }>;
}
