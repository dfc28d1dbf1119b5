// A real Bluesky network on loopback, with a made campaign on it. PLC, PDS, AppView, Ozone (the
// labeler) and bsync are those of @atproto/dev-env; accounts, posts and labels are made by us and
// belong to nobody. `node network.mjs OUT.json` writes where everything is, then takes one command
// a line on stdin: takedown DID, untakedown DID, deactivate DID, delete DID, label DID VALUE,
// negate DID VALUE, stop. Each is answered by one line on stdout.
import { writeFileSync, renameSync } from 'node:fs'
import { Server } from 'node:net'
import { createInterface } from 'node:readline'

// Every service of dev-env listens on all interfaces; here each one listens on loopback alone.
const listen = Server.prototype.listen
Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number' || first === undefined)
    return listen.call(this, { port: first ?? 0, host: '127.0.0.1' }, rest.find((r) => typeof r === 'function'))
  if (typeof first === 'object' && first !== null && 'port' in first) first = { ...first, host: '127.0.0.1' }
  return listen.call(this, first, ...rest)
}

const { TestNetwork } = await import('@atproto/dev-env')
const { AtpAgent } = await import('@atproto/api')

const PEOPLE = Number(process.env.PEOPLE ?? 300)
const BOTS = Math.floor(PEOPLE / 15)
const TAG = 'WalkAway'
const DAY = Date.UTC(2026, 2, 1)
const HEAVY = 90
const DAYS = 7

// Mulberry32, begun anew for each account: the same posts at each run, in whatever order they come.
const randomOf = (n) => {
  let seed = 20260301 + n * 7919
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const began = Date.now()
const network = await TestNetwork.create({ dbPostgresSchema: 'made' })
const told = (what) => process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1)} s: ${what}\n`)
told('the network is up')

const mods = network.ozone.getModClient()
const labeler = network.ozone.ctx.cfg.service.did
const repo = (did) => ({ $type: 'com.atproto.admin.defs#repoRef', did })

// dev-env has no ingester between the labeler and the AppView: the real labels that Ozone signed
// are carried over here, as the production service does it from the labeler's stream.
let carried = 0
const carry = async () => {
  const rows = await network.ozone.ctx.db.db.selectFrom('label').selectAll().where('id', '>', carried).orderBy('id').execute()
  for (const row of rows) {
    const { uri, val, cts, neg, src } = row
    const values = { src, uri, cid: '', val, cts, neg }
    await network.bsky.db.db.insertInto('label').values(values)
      .onConflict((oc) => oc.columns(['src', 'uri', 'cid', 'val']).doUpdateSet({ neg, cts })).execute()
    carried = row.id
  }
}
const label = async (did, add, take = []) => {
  await mods.emitEvent({
    event: { $type: 'tools.ozone.moderation.defs#modEventLabel', createLabelVals: add, negateLabelVals: take, comment: 'made' },
    subject: repo(did),
  }, 'admin')
  await carry()
}

// On a busy machine a request may run into a time limit between the services: it is made again, for
// a new handle, because the old one may be taken.
const agentOf = async (n) => {
  for (let attempt = 0; ; attempt++) {
    const agent = new AtpAgent({ service: network.pds.url })
    const name = `made${n}${attempt ? `x${attempt}` : ''}`
    try {
      await agent.createAccount({ handle: `${name}.test`, email: `${name}@example.com`, password: `made-password-${n}` })
      return agent
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}
const again = async (work) => {
  for (let attempt = 0; ; attempt++) {
    try { return await work() } catch (error) { if (attempt === 5) throw error }
  }
}

const facets = (text) => {
  const at = Buffer.from(text).indexOf(`#${TAG}`)
  if (at < 0) return undefined
  return [{ index: { byteStart: at, byteEnd: at + TAG.length + 1 }, features: [{ $type: 'app.bsky.richtext.facet#tag', tag: TAG }] }]
}
const post = (n, k, at, tagged) => {
  const text = `made post ${k} of made account ${n}${tagged ? ` #${TAG}` : ''}`
  const value = { $type: 'app.bsky.feed.post', text, facets: facets(text), langs: ['en'], createdAt: new Date(at).toISOString() }
  return { $type: 'com.atproto.repo.applyWrites#create', collection: 'app.bsky.feed.post', value }
}

const accounts = []
const make = async (n) => {
  const random = randomOf(n)
  const agent = await agentOf(n)
  const did = agent.assertDid
  const bot = n < BOTS
  const own = n % 50 === 7 ? ['bot'] : n % 100 === 33 ? ['!no-unauthenticated'] : []
  await again(() => agent.com.atproto.repo.putRecord({
    repo: did, collection: 'app.bsky.actor.profile', rkey: 'self',
    record: {
      $type: 'app.bsky.actor.profile', displayName: `Made ${n}`, description: 'nobody: made for a test',
      createdAt: new Date(DAY - n * 86400000).toISOString(),
      ...(own.length ? { labels: { $type: 'com.atproto.label.defs#selfLabels', values: own.map((val) => ({ val })) } } : {}),
    },
  }))
  if ((n + 1) % 50 === 0) told(`${n + 1} accounts`)
  const count = bot ? HEAVY * DAYS : 1 + Math.floor(random() * 5)
  const writes = []
  for (let k = 0; k < count; k++) {
    // A heavy account posts every sixteen minutes, day and night; others when they like in the week.
    const at = bot ? DAY + k * 960000 + n * 1000 : DAY + Math.floor(random() * DAYS * 86400) * 1000 + k
    writes.push(post(n, k, at, bot ? k % 3 === 0 : k === 0))
  }
  for (let k = 0; k < writes.length; k += 100)
    await agent.com.atproto.repo.applyWrites({ repo: did, writes: writes.slice(k, k + 100) })
  // Who says of itself that it is a bot, is one.
  const truth = bot || n % 10 === 5 || own.includes('bot') ? 'bot' : 'human'
  const tagged = writes.filter((w) => w.value.facets).length
  accounts[n] = { did, handle: agent.session.handle, password: `made-password-${n}`, posts: count, tagged, truth, self: own }
}
const indices = [...Array(PEOPLE).keys()]
await Promise.all([0, 1].map(async () => {
  for (let n = indices.shift(); n !== undefined; n = indices.shift()) await make(n)
}))
told(`${PEOPLE} accounts and ${accounts.reduce((s, a) => s + a.posts, 0)} posts are written`)
await network.processAll(120000)
told('the AppView has them')

for (const n of [0, 1, 2, 3, 4, 5, 25, 35]) await label(accounts[n].did, ['bot'])
for (const n of [6, 7, 40]) await label(accounts[n].did, ['spam'])
await label(accounts[41].did, ['impersonation'])
told('labels are given')

const out = {
  appview: network.bsky.url, pds: network.pds.url, plc: network.plc.url, ozone: network.ozone.url,
  labeler, tag: TAG, heavy: HEAVY, accounts,
}
for (const key of ['appview', 'pds', 'plc', 'ozone']) out[key] = out[key].replace('localhost', '127.0.0.1')
writeFileSync(`${process.argv[2]}.part`, JSON.stringify(out))
renameSync(`${process.argv[2]}.part`, process.argv[2])

const admin = (did, applied) => mods[applied ? 'performTakedown' : 'performReverseTakedown']({ subject: repo(did), ...(applied ? { policies: [] } : {}) }, 'admin')
const asked = {
  takedown: async (did) => { await admin(did, true); await network.ozone.processAll() },
  untakedown: async (did) => { await admin(did, false); await network.ozone.processAll() },
  deactivate: async (did) => {
    const who = accounts.find((a) => a.did === did)
    const agent = new AtpAgent({ service: network.pds.url })
    await agent.login({ identifier: who.handle, password: who.password })
    await agent.com.atproto.server.deactivateAccount({})
  },
  delete: async (did) => {
    await network.pds.getAgent().com.atproto.admin.deleteAccount({ did }, { headers: network.pds.adminAuthHeaders(), encoding: 'application/json' })
  },
  label: async (did, value) => label(did, [value]),
  negate: async (did, value) => label(did, [], [value]),
}
told('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...rest] = line.trim().split(/\s+/)
  if (what === 'stop') break
  try {
    await asked[what](...rest)
    await network.processAll(60000)
    process.stdout.write(`done ${what}\n`)
  } catch (error) {
    process.stdout.write(`failed ${what}: ${String(error).split('\n')[0]}\n`)
  }
}
process.exit(0)
