import GateIdentity
import GatePrimitives
import Testing

/// attacks 52 and 53, as transcripts: an event, what the machine answers.
@Suite struct KeySetStateMachineTests {
    private let address = "https://idp.example.com/jwks"
    private let issuer = "https://idp.example.com/realm"

    private func at(_ seconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: seconds * 1_000_000_000) }

    private func machine(_ policy: KeySetRefreshPolicy = KeySetRefreshPolicy()) throws -> KeySetStateMachine {
        KeySetStateMachine(source: .url(try KeySetURL(address)), policy: policy)
    }

    private func discovery(allowedHosts: [String] = []) throws -> KeySetStateMachine {
        KeySetStateMachine(
            source: .discovery(try KeySetSource.Discovery(issuer: issuer, allowedHosts: allowedHosts)))
    }

    private func set(_ keyID: String = "k") throws -> [UInt8] {
        try DevelopmentKey.keySet([DevelopmentKey.generate(.edDSA, keyID: keyID)]).text
    }

    /// The action as a line: `fetch N target` and what is published.
    private func line(_ action: KeySetStateMachine.Action) -> String {
        var words: [String] = []
        if let fetch = action.fetch { words.append(line(fetch)) }
        switch action.publication {
        case .nothing: break
        case .keys(let keys, let until):
            words.append("keys \(keys.keys.count) until \(until.nanoseconds / 1_000_000_000)")
        case .failed(let failure): words.append("failed \(failure) \(failure.word)")
        case .withdrawn: words.append("withdrawn")
        }
        return words.joined(separator: ", ")
    }

    private func line(_ fetch: KeySetStateMachine.Fetch) -> String {
        switch fetch.target {
        case .file(let path): "fetch \(fetch.number) file \(path)"
        case .url(let address): "fetch \(fetch.number) \(address.text)"
        }
    }

    private func line(_ need: KeySetStateMachine.Need) -> String {
        switch need {
        case .wait(nil): "wait"
        case .wait(let fetch?): "wait, \(line(fetch))"
        case .refuse(let reason): "refuse \(reason.rawValue)"
        }
    }

    private func received(
        _ bytes: [UInt8], _ fetch: UInt64, _ machine: inout KeySetStateMachine, at seconds: Int64
    ) -> String {
        line(machine.received(bytes.span, fetch: fetch, now: at(seconds)))
    }

    @Test func aSetIsFetchedPublishedAndFetchedAgainAfterTheInterval() throws {
        var machine = try machine()
        let bytes = try set()
        #expect(machine.isUp == nil)
        #expect(line(machine.tick(at(0))) == "fetch 1 https://idp.example.com/jwks")
        #expect(line(machine.tick(at(1))) == "")
        #expect(received(bytes, 1, &machine, at: 1) == "keys 1 until 87011")
        #expect(machine.isUp == true)
        #expect(machine.nextTick == at(601))
        #expect(line(machine.tick(at(600))) == "")
        #expect(line(machine.tick(at(601))) == "fetch 2 https://idp.example.com/jwks")
        let before = machine.keys(at: at(601))
        #expect(received(bytes, 2, &machine, at: 602) == "keys 1 until 87612")
        // Unchanged bytes keep the object, and with it the caches.
        #expect(machine.keys(at: at(602)) === before)
    }

    @Test func aFetchIsBoundedInTimeAndSize() throws {
        var machine = try machine()
        let fetch = try #require(machine.tick(at(0)).fetch)
        #expect(fetch.timeout == .seconds(5))
        #expect(fetch.maxBytes == 1 << 20)
        let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        #expect(received(large, 1, &machine, at: 1) == "failed tooLarge jwks_unavailable")
    }

    @Test func manyWaitersShareOneFetch() throws {
        var machine = try machine()
        #expect(line(machine.needed(at(0))) == "wait, fetch 1 https://idp.example.com/jwks")
        for _ in 0..<100 { #expect(line(machine.needed(at(0))) == "wait") }
        #expect(line(machine.tick(at(1))) == "")
    }

    @Test func unknownKeysAskForAFetchOncePerInterval() throws {
        // LIMIT: 30 s between two fetches that tokens ask for.
        var machine = try machine()
        let bytes = try set()
        _ = machine.tick(at(0))
        _ = received(bytes, 1, &machine, at: 0)
        #expect(line(machine.needed(at(1))) == "refuse jwt_kid")
        #expect(line(machine.needed(at(29))) == "refuse jwt_kid")
        #expect(line(machine.needed(at(30))) == "wait, fetch 2 https://idp.example.com/jwks")
        #expect(line(machine.needed(at(31))) == "wait")
        _ = received(try set("rotated"), 2, &machine, at: 31)
        #expect(line(machine.needed(at(59))) == "refuse jwt_kid")
        #expect(line(machine.needed(at(60))) == "wait, fetch 3 https://idp.example.com/jwks")
    }

    @Test func withoutAnyKeysAFailureRefusesAsUnavailable() throws {
        var machine = try machine()
        _ = machine.tick(at(0))
        #expect(line(machine.failed(.unreachable, fetch: 1, now: at(1))) == "failed unreachable jwks_unavailable")
        #expect(machine.isUp == false)
        #expect(line(machine.needed(at(1))) == "refuse jwks_unavailable")
        #expect(line(machine.needed(at(29))) == "refuse jwks_unavailable")
        #expect(line(machine.tick(at(2))) == "fetch 2 https://idp.example.com/jwks")
        #expect(line(machine.needed(at(2))) == "wait")
        #expect(received(try set(), 2, &machine, at: 3) == "keys 1 until 87013")
        #expect(line(machine.needed(at(4))) == "refuse jwt_kid")
    }

    @Test func failuresBackOffToAMinute() throws {
        var machine = try machine()
        var now: Int64 = 0
        var pauses: [Int64] = []
        for number in 1...10 {
            #expect(line(machine.tick(at(now))) == "fetch \(number) https://idp.example.com/jwks")
            _ = machine.failed(.timedOut, fetch: UInt64(number), now: at(now))
            let next = try #require(machine.nextTick).nanoseconds / 1_000_000_000
            pauses.append(next - now)
            #expect(line(machine.tick(at(next - 1))) == "" || pauses == [1])
            now = next
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
        // A success starts anew.
        _ = machine.tick(at(now))
        _ = received(try set(), 11, &machine, at: now)
        _ = machine.tick(at(now + 600))
        _ = machine.failed(.timedOut, fetch: 12, now: at(now + 600))
        #expect(machine.nextTick == at(now + 601))
    }

    @Test func theLastGoodSetServesWhileFetchesFailAndThenIsWithdrawn() throws {
        // LIMIT: 600 s, then 10 s for the refresh that is due, then 300 s stale.
        var machine = try machine(KeySetRefreshPolicy(maxStale: .seconds(300)))
        _ = machine.tick(at(0))
        _ = received(try set(), 1, &machine, at: 0)
        _ = machine.tick(at(600))
        _ = machine.failed(.status(500), fetch: 2, now: at(600))
        #expect(machine.keys(at: at(909)) != nil)
        // An unknown key during the outage: nobody can tell, so it is not the client's fault.
        #expect(line(machine.needed(at(600))) == "refuse jwks_unavailable")
        #expect(machine.keys(at: at(910)) == nil)
        #expect(line(machine.tick(at(910))) == "fetch 3 https://idp.example.com/jwks, withdrawn")
        _ = machine.failed(.status(500), fetch: 3, now: at(910))
        #expect(line(machine.needed(at(950))) == "wait, fetch 4 https://idp.example.com/jwks")
        _ = machine.failed(.status(500), fetch: 4, now: at(950))
        #expect(line(machine.needed(at(951))) == "refuse jwks_unavailable")
    }

    @Test func withoutStalenessASetServesUntilItsRefreshIsOver() throws {
        var machine = try machine(KeySetRefreshPolicy(maxStale: .zero))
        _ = machine.tick(at(0))
        _ = received(try set(), 1, &machine, at: 0)
        #expect(machine.keys(at: at(609)) != nil)
        #expect(machine.keys(at: at(610)) == nil)
        let extreme = KeySetRefreshPolicy(interval: .seconds(.max), maxStale: .seconds(.max), timeout: .seconds(.max))
        var endless = try self.machine(extreme)
        _ = endless.tick(at(0))
        _ = received(try set(), 1, &endless, at: 0)
        #expect(endless.keys(at: at(1_000_000)) != nil)
    }

    @Test(arguments: ["<html></html>", "", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\"}]}", "{}"])
    func anAnswerWithoutUsableKeysIsAFailureAndTheFormerSetServesOn(text: String) throws {
        var machine = try machine()
        _ = machine.tick(at(0))
        _ = received(try set(), 1, &machine, at: 0)
        _ = machine.tick(at(600))
        #expect(received([UInt8](text.utf8), 2, &machine, at: 601) == "failed notAKeySet jwks_unavailable")
        #expect(machine.keys(at: at(602)) != nil)
    }

    @Test func anAnswerThatComesLateOrTwiceChangesNothing() throws {
        var machine = try machine()
        let bytes = try set()
        #expect(received(bytes, 1, &machine, at: 0) == "")
        _ = machine.tick(at(0))
        #expect(received(bytes, 2, &machine, at: 0) == "")
        _ = machine.failed(.timedOut, fetch: 1, now: at(5))
        #expect(received(bytes, 1, &machine, at: 6) == "")
        #expect(line(machine.failed(.timedOut, fetch: 1, now: at(6))) == "")
        #expect(machine.keys(at: at(6)) == nil)
    }

    @Test func discoveryFetchesTheDocumentAndThenTheKeysItNames() throws {
        var machine = try discovery()
        #expect(
            line(machine.tick(at(0))) == "fetch 1 https://idp.example.com/realm/.well-known/openid-configuration")
        let document = #"{"issuer":"\#(issuer)","jwks_uri":"https://idp.example.com/realm/keys","other":1}"#
        #expect(received([UInt8](document.utf8), 1, &machine, at: 1) == "fetch 2 https://idp.example.com/realm/keys")
        #expect(line(machine.needed(at(1))) == "wait")
        #expect(received(try set(), 2, &machine, at: 2) == "keys 1 until 87012")
        // The next refresh asks for the document again: the address of the keys may have changed.
        #expect(
            line(machine.tick(at(602))) == "fetch 3 https://idp.example.com/realm/.well-known/openid-configuration")
    }

    @Test(arguments: [
        "https://idp.example.com/realm/", "https://idp.example.com", "https://evil.example/realm",
        "HTTPS://idp.example.com/realm",
    ])
    func aDocumentOfAnotherIssuerIsRefused(name: String) throws {
        var machine = try discovery()
        _ = machine.tick(at(0))
        let document = #"{"issuer":"\#(name)","jwks_uri":"https://idp.example.com/keys"}"#
        #expect(received([UInt8](document.utf8), 1, &machine, at: 1) == "failed issuerMismatch jwks_ssrf")
    }

    @Test(arguments: [
        "https://evil.example/keys", "http://idp.example.com/keys", "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "https://169.254.169.254/latest", "https://idp.example.com:8443/keys",
        "https://idp.example.com@evil.example/keys",
        "https://idp.example.com.evil.example/keys", "http://127.0.0.1:9901/", "//idp.example.com/keys", "/keys", "",
    ])
    func aDocumentMustNotLeadElsewhere(target: String) throws {
        var machine = try discovery()
        _ = machine.tick(at(0))
        let document = #"{"issuer":"\#(issuer)","jwks_uri":"\#(target)"}"#
        #expect(received([UInt8](document.utf8), 1, &machine, at: 1) == "failed addressRefused jwks_ssrf")
    }

    @Test func aHostThatTheConfigurationAllowsMayServeTheKeys() throws {
        var machine = try discovery(allowedHosts: ["Keys.example.com"])
        _ = machine.tick(at(0))
        let document = #"{"issuer":"\#(issuer)","jwks_uri":"https://keys.example.com/certs"}"#
        #expect(received([UInt8](document.utf8), 1, &machine, at: 1) == "fetch 2 https://keys.example.com/certs")
    }

    @Test func aRedirectIsAFailure() throws {
        var machine = try machine()
        _ = machine.tick(at(0))
        #expect(line(machine.failed(.status(302), fetch: 1, now: at(0))) == "failed status(302) jwks_ssrf")
    }

    @Test func aFileIsReadLikeAnAddress() throws {
        var machine = KeySetStateMachine(source: .file("/etc/portcullis/jwks.json"))
        #expect(line(machine.tick(at(0))) == "fetch 1 file /etc/portcullis/jwks.json")
        #expect(received(try set(), 1, &machine, at: 0) == "keys 1 until 87010")
    }

    @Test func aRefreshOutOfTurnFetchesOnceAndKeepsTheSetMeanwhile() throws {
        var machine = KeySetStateMachine(source: .file("jwks.json"))
        _ = machine.tick(at(0))
        #expect(line(machine.refresh(at(0))) == "")
        _ = received(try set(), 1, &machine, at: 0)
        #expect(line(machine.refresh(at(1))) == "fetch 2 file jwks.json")
        #expect(line(machine.refresh(at(1))) == "")
        #expect(line(machine.failed(.unreadable, fetch: 2, now: at(1))) == "failed unreadable jwks_unavailable")
        #expect(machine.keys(at: at(1)) != nil)
    }

    @Test func anIssuerWithoutASecureAddressHasNoDiscovery() {
        #expect(throws: KeySetURL.Problem.notSecure) { try KeySetSource.Discovery(issuer: "http://idp.example.com") }
        #expect(throws: KeySetURL.Problem.malformed) { try KeySetSource.Discovery(issuer: "accounts") }
        #expect(throws: KeySetURL.Problem.malformed) { try KeySetSource.Discovery(issuer: "https://a/?x=y") }
        #expect(
            (try? KeySetSource.Discovery(issuer: "https://a/b/"))?.document.text
                == "https://a/b/.well-known/openid-configuration")
    }
}
