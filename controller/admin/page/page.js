"use strict";
// Asks for the token, and shows GraphiQL once the Purging API has accepted it.
// The token is kept in this tab's sessionStorage and leaves it in one header alone. GraphiQL never
// has it: what GraphiQL knows it writes into localStorage.

const KEPT_AS = "shellac-token";
const EXAMPLES = `# The Purging API. Ctrl-Enter runs the operation at the cursor, Ctrl-Space completes,
# and the first button on the left shows all there is.
#
# An entity by its key, or a whole type:
#
#     mutation { _purgeType(type: "Post", keyFields: [{name: "id", value: "5"}]) }
#     mutation { _purgeType(type: "Post") }
#
# The same where the schema is known: a mutation for each of its types.
#
#     mutation { purgePost(id: ["5"]) }
#
# Soft: answers are kept as stale ones, and fetched again when they are asked for.
#
#     mutation { _purgeType(type: "Post", soft: true) }
#
# Everything:
#
#     mutation { _purgeAll }

{ _service { name } }
`;

const element = (id) => document.getElementById(id);
const file = (name) => new URL(`playground/${name}`, document.baseURI).href;
const endpoint = new URL(document.body.dataset.service, document.baseURI).href;
const workers = { graphql: "graphql.worker.js", json: "json.worker.js" };
let shown = false;

self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) => file(workers[label] ?? "editor.worker.js"),
};

class Refused extends Error {}

/** One request to the Purging API. Throws Refused where the token is not valid (any more). */
async function ask(parameters, token) {
  const response = await fetch(endpoint, {
    method: "POST",
    cache: "no-store",
    credentials: "omit",
    headers: { "content-type": "application/json", accept: "application/json", "stellate-token": token },
    body: JSON.stringify(parameters),
  });
  const answer = await response.json();
  if (response.status === 401) {
    sessionStorage.removeItem(KEPT_AS);
    throw new Refused(answer.errors[0].message);
  }
  return answer;
}

/** GraphiQL's requests, with the token of now. */
async function fetcher({ query, variables, operationName }) {
  try {
    return await ask({ query, variables, operationName }, sessionStorage.getItem(KEPT_AS) ?? "");
  } catch (problem) {
    if (problem instanceof Refused) showDoor(problem.message);
    throw problem;
  }
}

function showDoor(problem) {
  element("problem").textContent = problem;
  element("room").hidden = true;
  element("door").hidden = false;
  element("token").focus();
}

async function showRoom() {
  element("door").hidden = true;
  element("room").hidden = false;
  if (shown) return;
  await new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = file("graphiql.js");
    script.onload = loaded;
    script.onerror = () => failed(new Error("GraphiQL could not be loaded"));
    document.head.append(script);
  });
  shown = true;
  YogaGraphiQL.renderYogaGraphiQL(element("graphiql"), {
    title: "Shellac",
    logo: " ",
    defaultQuery: EXAMPLES,
    fetcher,
    // A token written there would be kept by GraphiQL.
    isHeadersEditorEnabled: false,
    shouldPersistHeaders: false,
    // The default writes each edit into the address, and so into the browser's history.
    onEditQuery: () => {},
  });
}

async function enter(token) {
  try {
    const answer = await ask({ query: "{ __typename }" }, token);
    if (answer.errors) return showDoor(answer.errors[0].message);
    sessionStorage.setItem(KEPT_AS, token);
    element("token").value = "";
    await showRoom();
  } catch (problem) {
    showDoor(problem instanceof Refused ? problem.message : `Not opened: ${problem.message}`);
  }
}

element("door").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(element("token").value.trim());
});
element("leave").addEventListener("click", () => {
  sessionStorage.removeItem(KEPT_AS);
  // What was loaded with the token goes too.
  location.reload();
});

const kept = sessionStorage.getItem(KEPT_AS);
if (kept) enter(kept);
else showDoor("");
