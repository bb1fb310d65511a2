// SPDX-License-Identifier: MIT
// node server.js PORT FILE: Fastify with schemas for its answers, better-sqlite3, Eta.
'use strict'
const Sqlite = require('better-sqlite3')
const { Eta } = require('eta')
const fastify = require('fastify')

const [port, file] = process.argv.slice(2)
const ROWS = 10000

const sqlite = new Sqlite(file)
sqlite.pragma('journal_mode = WAL')
sqlite.pragma('synchronous = NORMAL')
const readWorld = sqlite.prepare('SELECT id, randomnumber AS randomNumber FROM world WHERE id = ?')
const writeWorld = sqlite.prepare('UPDATE world SET randomnumber = ? WHERE id = ?')
const readFortunes = sqlite.prepare('SELECT id, message FROM fortune')
const worlds = [null, ...sqlite.prepare('SELECT id, randomnumber AS randomNumber FROM world ORDER BY id').all()]

const randomId = () => 1 + Math.floor(Math.random() * ROWS)
const some = (text, make) => {
  const n = Math.min(500, Math.max(1, Number.parseInt(text, 10) || 1))
  return Array.from({ length: n }, make)
}

const change = sqlite.transaction(text => {
  const rows = some(text, () => readWorld.get(randomId()))
  for (const row of rows) {
    row.randomNumber = randomId()
    writeWorld.run(row.randomNumber, row.id)
  }
  return rows
})

const eta = new Eta()
eta.loadTemplate('@page', '<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>' +
  '<tr><th>id</th><th>message</th></tr><% it.forEach(f => { %>' +
  '<tr><td><%= f.id %></td><td><%= f.message %></td></tr><% }) %></table></body></html>')

const answers = schema => ({ schema: { response: { 200: schema } } })
const row = {
  type: 'object', properties: { id: { type: 'integer' }, randomNumber: { type: 'integer' } }
}
const oneRow = answers(row)
const rows = answers({ type: 'array', items: row })
const hello = answers({ type: 'object', properties: { message: { type: 'string' } } })

const app = fastify()
app.addHook('onRequest', (request, reply, done) => {
  reply.header('server', 'fastify')
  done()
})
app.get('/plaintext', (request, reply) => reply.type('text/plain').send('Hello, World!'))
app.get('/json', hello, (request, reply) => reply.send({ message: 'Hello, World!' }))
app.get('/db', oneRow, (request, reply) => reply.send(readWorld.get(randomId())))
app.get('/queries', rows, (request, reply) =>
  reply.send(some(request.query.queries, () => readWorld.get(randomId()))))
app.get('/updates', rows, (request, reply) => reply.send(change.immediate(request.query.queries)))
app.get('/cached-queries', rows, (request, reply) =>
  reply.send(some(request.query.count, () => worlds[randomId()])))
app.get('/fortunes', (request, reply) => {
  const list = readFortunes.all()
  list.push({ id: 0, message: 'Additional fortune added at request time.' })
  list.sort((a, b) => (a.message < b.message ? -1 : a.message > b.message ? 1 : 0))
  reply.type('text/html; charset=utf-8').send(eta.render('@page', list))
})
app.listen({ port: Number(port), host: '127.0.0.1' })
process.on('SIGTERM', () => process.exit(0))
