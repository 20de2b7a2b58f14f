{
  const byId = (id) => document.getElementById(id);
  const COLOURS = ["blue", "orange", "green", "purple", "olive", "slate"].map((n) => `--fig-${n}`);
  const DASHES = [[], [9, 4], [4, 3], [12, 3, 2, 3], [2, 2], [16, 5]];
  const WORDS = {
    waiting: "waiting", searching: "searching its minimum", training: "training",
    patience: "stopped by patience", max_epochs: "all epochs done", max_steps: "all steps done",
    diverged: "diverged", interrupted: "interrupted", converged: "converged",
    no_minimum: "has no minimum", not_certified: "not certified",
  };
  const look = (place) => ({
    colour: COLOURS[place % COLOURS.length],
    dash: DASHES[(place + Math.floor(place / COLOURS.length)) % DASHES.length],
  });
  const runs = new Map();
  const head = { title: "", stage: "" };
  let shown = "";

  const count = (n) => n.toLocaleString("en");
  const loss = (v) => (v === undefined || v === null ? "–" : v < 1e4 ? v.toFixed(4) : v.toExponential(1));
  const percent = (v) => (v === undefined || v === null ? "–" : `${(100 * v).toFixed(2)}%`);
  const duration = (seconds) => {
    const s = Math.ceil(seconds);
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  };
  const set = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const swatch = ({ colour, dash }) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    line.setAttribute("class", "line");
    line.setAttribute("viewBox", "0 0 30 10");
    line.setAttribute("aria-hidden", "true");
    const stroke = document.createElementNS("http://www.w3.org/2000/svg", "path");
    stroke.setAttribute("d", "M0 5H30");
    stroke.setAttribute("stroke-dasharray", dash.join(" "));
    stroke.style.stroke = `var(${colour})`;
    stroke.style.strokeWidth = "2.5";
    line.append(stroke);
    return line;
  };

  // The table: a row a run, and a choice for each above the curves.
  const row = (run) => {
    const tr = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.append(swatch(look(run.place)), run.name);
    tr.append(name);
    for (const kind of ["state", "right", "right", "right", "right"]) {
      const cell = document.createElement("td");
      cell.className = kind;
      tr.append(cell);
    }
    byId("runs").append(tr);
    const choice = document.createElement("option");
    choice.value = choice.textContent = run.name;
    byId("shown").append(choice);
    return tr;
  };
  const fill = (run) => {
    const [state, step, ...numbers] = run.row.querySelectorAll("td");
    set(state, WORDS[run.state] ?? run.state);
    state.title = run.text;
    set(step, run.steps > run.step ? `${count(run.step)} of ${count(run.steps)}` : count(run.step));
    [loss(run.val_loss), percent(run.val_accuracy), percent(run.train_accuracy)]
      .forEach((text, i) => set(numbers[i], text));
  };

  const curve = (run, name, how) => {
    const [steps, mean, low, high] = run.curves[name];
    return { steps, mean, low, high, dash: [], ...how };
  };
  const TWO = [["training", COLOURS[0]], ["validation", COLOURS[1]]];
  let waiting = false;
  const draw = () => {
    waiting = false;
    const run = runs.get(shown);
    const all = [...runs.values()];
    const of = (what) => run
      ? [curve(run, `train_${what}`, { colour: COLOURS[0] }),
        curve(run, `val_${what}`, { colour: COLOURS[1] })]
      : all.map((each) => curve(
        each, `val_${what}`, { ...look(each.place), wild: each.state === "diverged" }));
    for (const what of ["loss", "accuracy"]) {
      drawChart(byId(what), of(what), { percent: what === "accuracy" });
      const whose = run ? `Training and validation ${what} of ${run.name}` : `Validation ${what}`;
      set(byId(`${what}-title`), whose);
      byId(what).setAttribute("aria-label",
        `${whose} over the steps, as it grows. The latest numbers are in the table below.`);
    }
    byId("legend").hidden = !run;
    const wild = all.filter(({ state }) => state === "diverged").length;
    byId("wild").hidden = Boolean(run) || !wild || wild === all.length;
    for (const each of all) each.row.classList.toggle("chosen", each === run);
  };
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  };
  for (const [name, colour] of TWO) {
    const part = document.createElement("span");
    part.append(swatch({ colour, dash: [] }), name);
    byId("legend").append(part);
  }
  byId("shown").addEventListener("change", (event) => { shown = event.target.value; redraw(); });
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  const reach = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
    }
  };
  addEventListener("resize", reach);

  const over = (stage, text) => {
    set(byId("stage"), stage);
    const end = byId("end");
    end.hidden = false;
    end.textContent = text;
    byId("stop").disabled = true;
    set(byId("left"), "");
  };

  const show = (news) => {
    Object.assign(head, news);
    if (head.title) {
      set(byId("title"), head.title);
      set(byId("subtitle"), `Single-layer networks on ${head.source}, while they train`);
    }
    set(byId("stage"), head.stopping && !head.end ? "Stopping at the next step" : head.stage);
    for (const run of news.runs) {
      const known = runs.get(run.name);
      runs.set(run.name, { ...run, row: known ? known.row : row(run) });
      fill(runs.get(run.name));
    }
    const share = head.planned ? head.made / head.planned : 0;
    byId("progress").value = share;
    set(byId("steps"), head.planned ? `${count(head.made)} of at most ${count(head.planned)} steps` : "");
    set(byId("left"), head.left && share < 1 ? `at most ${duration(head.left)} left` : "");
    const done = head.title || "A study";
    document.title = share < 1 && !head.end ? `${Math.floor(100 * share)}% – ${done}` : done;
    byId("stop").disabled = Boolean(head.stopping || head.end);
    if (news.runs.length) { redraw(); reach(); }
    if (head.end === "report") location.replace("report");
    else if (head.end) {
      if (!head.title) set(byId("subtitle"), "It ended before it had begun.");
      over("The study has ended", head.stage);
    }
  };

  const events = new EventSource("events");
  let failed = 0;
  events.addEventListener("message", ({ data }) => {
    failed = 0;
    show(JSON.parse(data));
    if (head.end) events.close();
  });
  events.addEventListener("error", () => {
    failed += 1;
    if (failed < 2 && events.readyState !== EventSource.CLOSED) return;
    events.close();
    over("No connection", "The command that trains cannot be reached any more. What was done is kept: the same command goes on with it, or its report is in the folder.");
  });

  const sure = byId("sure");
  byId("stop").addEventListener("click", () => sure.showModal());
  byId("go-on").addEventListener("click", () => sure.close());
  byId("yes").addEventListener("click", async () => {
    sure.close();
    byId("stop").disabled = true;
    await fetch("stop", { method: "POST" });
  });
}
