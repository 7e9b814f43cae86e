// SPDX-License-Identifier: BSD-2-Clause
// A driver from npm at a query that takes a minute: a line on stdin has it cancelled, by a connection of the driver's
// own, and what the program is told then is printed. Called by tests/e2e/cancel.bats, with NODE_PATH at the drivers:
//
//   cancelled.js pg|postgres ADDRESS

"use strict";

const PORT = 5432;
const SLEEPS = "select pg_sleep(60)";

const drivers = {
	async pg(host) {
		const { Client, Query } = require("pg");
		const options = { host, port: PORT, user: "app", database: "app" };
		const client = new Client(options);
		const query = new Query(SLEEPS);
		await client.connect();
		const ended = new Promise((_, fail) => query.once("error", fail));
		client.query(query);
		return { ended, cancel: () => new Client(options).cancel(client, query) };
	},

	// A host that is no list would be cut at its first colon.
	async postgres(host) {
		const sql = require("postgres")({ host: [host], port: [PORT], user: "app", database: "app", fetch_types: false });
		const query = sql.unsafe(SLEEPS);
		return { ended: query.execute(), cancel: () => query.cancel() };
	},
};

async function main(driver, host) {
	try {
		const { ended, cancel } = await drivers[driver](host);
		process.stdin.once("data", cancel);
		await ended;
		console.log("it slept to its end");
	} catch (error) {
		console.log(error.code ?? error.message);
	}
	process.exit();
}

main(...process.argv.slice(2));
