// A page of the browser that must neither complain nor ask for anything beyond what it may.

/** Opens pages of `browser`; `asked` says which addresses they may ask for, given the page's own. */
export const opener = (browser, asked) => async (url, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (message) => {
    // Looking at the pixels of charts is the tests' own doing.
    const own = message.text().startsWith("Canvas2D: ");
    if (["error", "warning"].includes(message.type()) && !own) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.stack));
  page.on("dialog", (dialog) => { troubles.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!asked(request.url(), url)) troubles.push(`asks for ${request.url()}`); });
  await page.goto(url);
  return { page, troubles, close: () => context.close() };
};
