// Runs tests one after the other, and says how they came out.

/** Runs `tests` (functions by their names); the exit code of the process is 1 where one fails. */
export const perform = async (tests, browser, out) => {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n        ${error.message.replaceAll("\n", "\n        ")}`);
    }
  }
  await browser.close();
  const all = Object.keys(tests).length;
  console.log(`${all - failed} of ${all} browser tests passed; pictures in ${out}`);
  process.exitCode = failed ? 1 : 0;
};
