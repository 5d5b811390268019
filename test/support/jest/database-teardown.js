/** Runs once after all test files; the hooks that read TypeScript are registered since the set-up. */
export default async function tearDown() {
  const { dropTemplate } = await import('../template.ts');
  await dropTemplate(process.env.TEST_DATABASE_TEMPLATE);
}
