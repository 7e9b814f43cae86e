// SPDX-License-Identifier: BSD-2-Clause
// A driver from npm that connects once and is to be refused: prints what it tells its program, or "connected".
// Called by tests/e2e/drivers.bats, with NODE_PATH at the drivers:
//
//   refused.js pg|postgres|mysql2 ADDRESS SSL     SSL as the driver takes it: true, false, or a mode's name

"use strict";

const PORT = 5432;

const drivers = {
	// Modes have names in its URLs only, and libpq's meaning only on demand.
	async pg(host, ssl) {
		const { Client } = require("pg");
		const options = { host, port: PORT, user: "app", database: "app", ssl };
		const place = `${host.includes(":") ? `[${host}]` : host}:${PORT}`;
		const url = `postgres://app@${place}/app?uselibpqcompat=true&sslmode=${ssl}`;
		await new Client(typeof ssl === "string" ? { connectionString: url } : options).connect();
	},

	// A host that is no list would be cut at its first colon.
	async postgres(host, ssl) {
		const sql = require("postgres")({ host: [host], port: [PORT], user: "app", database: "app", ssl });
		await sql`select 1`;
	},

	async mysql2(host, ssl) {
		const options = { host, port: PORT, user: "app", database: "app" };
		await require("mysql2/promise").createConnection(ssl ? { ...options, ssl: {} } : options);
	},
};

async function main(driver, host, ssl) {
	const values = { true: true, false: false };
	try {
		await drivers[driver](host, values[ssl] ?? ssl);
		console.log("connected");
	} catch (error) {
		const told = ["severity", "code", "errno", "sqlState", "message", "hint"];
		console.log(told.filter((key) => error[key]).map((key) => `${key}=${error[key]}`).join(" "));
	}
	process.exit();
}

main(...process.argv.slice(2));
