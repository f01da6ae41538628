import Foundation
import GateAdmission
import GateConfig
import GateHTTP
import GateIdentity
import GateLimits
import GateObserve
import GatePlan
import GatePrimitives
import GateRouting
import GateSettings
import GateUpstreams
import GateWire
import NIOCore
import Testing

/// A machine that is the same everywhere.
let machine = MachineFacts(
    processors: 4, descriptorLimit: 1_064, localAddresses: [IPAddress(v4: 0x0a00_0001)],
    now: WallInstant(milliseconds: 1_800_000_000_000), pseudonym: "portcullis-test")

/// Compiles `text`, with a key set in memory; further files follow behind lines `=== PATH`.
func compile(_ text: String, previous: Plan? = nil) -> Configuration {
    let parts = text.components(separatedBy: "\n=== ")
    var files = MemoryFiles([
        "gateway.yaml": .init(parts[0] + "\n"), "jwks.json": .init(Fixtures.keySet), "token": .init("s3cret\n"),
    ])
    files.variables = ["EMPTY": ""]
    for part in parts.dropFirst() {
        let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        files.files[String(lines[0])] = .init(String(lines.last ?? ""))
    }
    return Configuration.load("gateway.yaml", from: files, on: machine, previous: previous)
}

private let listener = "version: 1\nlisteners: { public: { address: 127.0.0.1:8080 } }\n"

@Suite struct ConfigurationTests {
    @Test func everyPartOfTheConfigurationReachesThePlan() throws {
        let loaded = compile(
            """
            version: 1
            listeners:
              plain: { address: 127.0.0.1:8080, redirectToHTTPS: true }
              public:
                address: 127.0.0.1:8443
                clientAddress: { from: x-forwarded-for, trusted: [10.0.0.0/8] }
                deny: [192.0.2.0/24]
                limits: { requestLine: 1KiB, field: 2KiB, head: 3KiB, fields: 4 }
                timeouts: { handshake: 1s, head: 2s, body: 3s, bodyProgress: 4s, idle: 5s, write: 6s }
            admin: { address: 127.0.0.1:9900, token: file:token }
            telemetry: { address: 127.0.0.1:9901 }
            logs: { access: none, events: file:events.log }
            identities:
              staff: { jwt: { issuer: "https://idp.example.com", audiences: [orders], jwks: file:jwks.json, algorithms: [ES256] } }
              partners: { jwt: { issuer: "https://partners.example.com", audiences: [orders], from: ["cookie:session"] } }
            limits:
              perClient: { key: client.address, rate: 600/min, burst: 20 }
              perUser: { key: [principal.subject, route], rate: 4/h, zone: 1MiB }
            upstreams:
              spare: { endpoints: [127.0.0.1:9000] }
              orders:
                endpoints: [10.0.1.5:80, { address: orders.internal:8080, weight: 3 }]
                balance: leastRequest
                timeouts: { connect: 1s, read: 7s }
                keepAlive: { maxIdle: 8, idleTimeout: 9s }
                maxConnections: 10
                maxFails: 2
                failTimeout: 11s
            process: { loops: 2, maxConnections: 100, drain: 12s }
            defaults: { limits: [perClient], body: { max: 1KiB } }
            routes:
              - name: orders
                match: { hosts: [api.example.com], path: /orders, methods: [GET] }
                auth: { anyOf: [{ identity: staff, scopes: [read], claims: { tenant: blue } }, partners] }
                limits: [perUser, perClient]
                timeouts: { read: 5s, total: 1m }
                cors: { origins: ["https://app.example.com"] }
                rewrite: { prefix: /v2 }
                rateLimitHeaders: true
                forwardCredentials: true
                upstream: orders
              - { name: health, match: { exact: /health }, auth: none, upstream: spare }
            """)
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics.map(\.line))")
        let plan = try #require(loaded.plan)

        #expect(plan.listeners.map(\.name) == ["plain", "public"])
        #expect(plan.listeners.map(\.redirectsToHTTPS) == [true, false])
        let settings = plan.listeners[1].settings
        #expect(settings.index == 1)
        #expect(settings.headLimits == .init(requestLine: 1024, fieldLine: 2048, head: 3072, fields: 4))
        #expect(settings.timeouts.handshake == .seconds(1))
        #expect(settings.timeouts.head == .seconds(2))
        #expect(settings.timeouts.body == .seconds(3))
        #expect(settings.timeouts.bodyRead == .seconds(4))
        #expect(settings.timeouts.idle == .seconds(5))
        #expect(settings.timeouts.write == .seconds(6))
        #expect(settings.deny.contains(IPAddress(v4: 0xc000_0201)))
        #expect(settings.allow.isEmpty)
        #expect(settings.maximumConnections == 50)
        #expect(plan.listeners[1].clientAddress?.trusted.contains(IPAddress(v4: 0x0a01_0203)) == true)

        #expect(plan.admin.admin?.description == "127.0.0.1:9900")
        #expect(plan.admin.token == Secret("s3cret"))
        #expect(plan.admin.telemetry?.description == "127.0.0.1:9901")
        #expect(plan.logs == LogPlan(access: nil, events: .file("events.log")))
        #expect(plan.process.loops == 2)
        #expect(plan.process.maximumConnections == 200)
        #expect(plan.process.drain == .seconds(12))
        #expect(plan.pseudonym == "portcullis-test")

        #expect(plan.keySets.map(\.name) == ["staff", "partners"])
        #expect(plan.keySets[0].source == .file("jwks.json"))
        guard case .discovery(let discovery) = plan.keySets[1].source else {
            return #expect(Bool(false), "no discovery")
        }
        #expect(discovery.document.text == "https://partners.example.com/.well-known/openid-configuration")

        #expect(plan.limits.zones.map(\.parameters.rate) == [10_000, 1])
        #expect(plan.limits.zones[1].ceiling == 1 << 20)

        let upstream = plan.upstreams[1]
        #expect(upstream.index == 1)
        #expect(upstream.endpoints.map(\.weight) == [1, 3])
        #expect(upstream.balance == .leastRequest)
        #expect(upstream.timeouts.connect == .seconds(1))
        #expect(upstream.timeouts.read == .seconds(7))
        #expect(upstream.maximumIdle == 8)
        #expect(upstream.idleTimeout == .seconds(9))
        #expect(upstream.maximumConnections == 10)
        #expect(upstream.failureRule == FailureRule(maxFails: 2, timeout: .seconds(11)))

        let route = plan.routes[0]
        #expect(route.upstream == 1)
        #expect(route.readTimeout == .seconds(5))
        #expect(route.totalTimeout == .seconds(60))
        #expect(route.cors != nil)
        #expect(route.showsLimits)
        #expect(route.admission.forwardsCredentials)
        #expect(route.admission.bodyLimit == 1024)
        #expect(route.admission.addressLimits.map(\.zone) == [0])
        #expect(route.admission.principalLimits.map(\.zone) == [1])
        #expect(route.admission.principalLimits[0].key == [.principal, .route])
        guard case .anyOf(let rule, let sources, let identities, _) = route.admission.access else {
            return #expect(Bool(false), "no tokens")
        }
        #expect(rule.anyOf.map(\.identity) == ["staff", "partners"])
        #expect(rule.anyOf[0].scopes == ["read"])
        #expect(rule.anyOf[0].claims.map(\.name) == ["tenant"])
        #expect(sources.all == [.header, .cookie("session")])
        #expect(identities.map(\.keySet) == [0, 1])

        guard case .open = plan.routes[1].admission.access else { return #expect(Bool(false), "not open") }
        #expect(plan.routes[1].upstream == 0)
        #expect(plan.routes[1].readTimeout == nil)
        #expect(!plan.routes[1].showsLimits)
        #expect(plan.table.count == 2)
    }

    @Test func theRevisionNamesTheSettingsAndNotTheirSpelling() throws {
        let first = try #require(compile(listener).revision)
        let respelt = "# a comment\nlisteners:\n    public:\n        address: '127.0.0.1:8080'\nversion: \"1\"\n"
        #expect(compile(respelt).revision == first)
        #expect(compile(listener + "process: { loops: 3 }\n").revision != first)
        #expect(first.utf8.count == 16)
    }

    @Test func whatSurvivesAReloadIsTakenOver() throws {
        let text = """
            limits:
              same: { key: route, rate: 10/s }
              faster: { key: route, rate: 10/s }
            upstreams:
              orders: { endpoints: [127.0.0.1:9000, 127.0.0.1:9001] }

            """
        let old = try #require(compile(listener + text).plan)
        let changed = text.replacing("faster: { key: route, rate: 10/s }", with: "faster: { key: route, rate: 20/s }")
            .replacing("[127.0.0.1:9000, ", with: "[127.0.0.1:9009, ")
        let new = try #require(compile(listener + changed, previous: old).plan)
        #expect(new.limits.zones[0] === old.limits.zones[0])
        #expect(new.limits.zones[1] !== old.limits.zones[1])
        #expect(new.upstreams[0].states[0] !== old.upstreams[0].states[0])
        #expect(new.upstreams[0].states[1] === old.upstreams[0].states[1])
    }

    @Test func automaticValuesFollowTheMachine() throws {
        let plan = try #require(compile(listener).plan)
        #expect(plan.process.loops == 4)
        #expect(plan.process.maximumConnections == 1_000)
        #expect(plan.listeners[0].settings.maximumConnections == 125)
    }

    @Test func aPlanIsMadeOfNoErrorsAtAll() {
        let loaded = compile(listener + "colour: blue\n")
        #expect(loaded.plan == nil)
        #expect(loaded.settings == nil)
        #expect(loaded.revision == nil)
        #expect(loaded.diagnostics.count == 1)
    }

    @Test func theNameInViaIsStableAndOfThisInstallation() {
        let here = MemoryFiles(["/etc/machine-id": .init("1234\n")])
        let there = MemoryFiles(["/etc/machine-id": .init("5678\n")])
        let name = Digest.pseudonym(configuration: "/etc/gateway.yaml", files: here)
        #expect(name == Digest.pseudonym(configuration: "/etc/gateway.yaml", files: here))
        #expect(name != Digest.pseudonym(configuration: "/etc/gateway.yaml", files: there))
        #expect(name != Digest.pseudonym(configuration: "/etc/other.yaml", files: here))
        #expect(name.hasPrefix("portcullis-"))
    }
}

@Suite struct TLSCompilationTests {
    /// Compiles a listener with these certificates from the disk.
    private func compile(_ certificates: [String], files: [String: String]) throws -> Configuration {
        let lines = certificates.map { "        - { \($0) }\n" }.joined()
        let text = """
            version: 1
            listeners:
              public:
                address: 127.0.0.1:8443
                tls:
                  hsts: { maxAge: 1d, includeSubDomains: true }
                  certificates:

            """
        return try Fixtures.withDirectory(files.merging(["gateway.yaml": text + lines]) { $1 }) { directory in
            Configuration.load(directory + "/gateway.yaml", on: machine)
        }
    }

    private let files = [
        "api.pem": Fixtures.certificate, "api.key": Fixtures.key, "other.pem": Fixtures.otherCertificate,
        "other.key": Fixtures.otherKey, "none.pem": Fixtures.namelessCertificate, "none.key": Fixtures.namelessKey,
        "text": "no PEM\n",
    ]

    @Test func certificatesAreChosenByTheirNames() throws {
        let loaded = try compile(
            ["chain: api.pem, key: api.key", "chain: other.pem, key: other.key, default: true"], files: files)
        let plan = try #require(loaded.plan, "\(loaded.diagnostics.map(\.line))")
        let tls = try #require(plan.listeners[0].settings.tls)
        #expect(tls.certificate(for: "api.example.com") == 0)
        #expect(tls.certificate(for: "a.other.example.com") == 1)
        #expect(tls.certificate(for: nil) == 1)
        #expect(tls.certificate(for: "elsewhere.example.com") == nil)
        #expect(tls.protocols == ["h2", "http/1.1"])
        let lines = String(decoding: plan.listeners[0].ownFields.bytes.readableBytesView, as: UTF8.self)
        #expect(lines == "strict-transport-security: max-age=86400; includeSubDomains\r\n")
    }

    /// Attacks 73: a bad pair is refused, and all that is wrong is said at once.
    @Test func aPairThatDoesNotBelongTogetherIsAnError() throws {
        let loaded = try compile(
            [
                "chain: api.pem, key: other.key", "chain: text, key: api.key", "chain: api.pem, key: text",
                "chain: none.pem, key: none.key",
            ], files: files)
        #expect(loaded.plan == nil)
        let problems = loaded.diagnostics.map { "\($0.position.line):\($0.position.column) \($0.problem)" }
        #expect(problems.count == 4, "\(problems)")
        #expect(problems[0].contains("8:34 ") && problems[0].contains("is not the key of the certificate"))
        #expect(problems[1].contains("9:20 ") && problems[1].contains("holds no certificate in PEM"))
        #expect(problems[2].contains("10:34 ") && problems[2].contains("holds no key in PEM"))
        #expect(problems[3].contains("11:20 ") && problems[3].contains("names no host"))
    }

    @Test func aCertificateThatIsNeverShownIsAWarning() throws {
        let loaded = try compile(
            ["chain: api.pem, key: api.key, default: true", "chain: api.pem, key: api.key"], files: files)
        #expect(loaded.plan != nil)
        #expect(loaded.diagnostics.map(\.severity) == [.warning, .warning])
        #expect(loaded.diagnostics[0].problem.hasPrefix("never shown for "))
    }
}

@Suite struct ReloadTests {
    @Test func listenersKeepTheirPlacesSinceOpenConnectionsKnowThemByIndex() throws {
        let rest =
            "upstreams: { a: { endpoints: [127.0.0.1:9000] } }\nroutes: [{ name: r, match: { path: / }, auth: none, upstream: a }]\n"
        let first = try #require(
            compile(
                "version: 1\nlisteners:\n  one: { address: 127.0.0.1:8080 }\n  two: { address: 127.0.0.1:8081 }\n"
                    + rest
            ).plan)
        let second = try #require(
            compile(
                "version: 1\nlisteners:\n  two: { address: 127.0.0.1:8081 }\n  one: { address: 127.0.0.1:8080 }\n"
                    + rest,
                previous: first
            ).plan)
        #expect(second.listeners.map(\.name) == ["one", "two"])
        #expect(second.listeners.map(\.settings.index) == [0, 1])
    }
}
