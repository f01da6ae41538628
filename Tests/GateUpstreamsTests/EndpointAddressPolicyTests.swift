import GatePrimitives
import GateUpstreams
import Testing

/// Attacks 53: a name that resolves to what a backend must never be.
@Suite struct EndpointAddressPolicyTests {
    private func refusal(
        _ text: String, port: UInt16 = 8080, allowsPublic: Bool = false, listeners: [String] = []
    ) throws -> EndpointAddressPolicy.Refusal? {
        let policy = EndpointAddressPolicy(
            allowsPublic: allowsPublic, listeners: try listeners.map { try SocketEndpoint($0) },
            local: [try #require(IPAddress("10.0.0.5"))])
        let address = try #require(IPAddress(text))
        do {
            try policy.check(address, port: port)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "::1", "fd12::1"])
    func privateAddressesPass(text: String) throws {
        #expect(try refusal(text) == nil)
    }

    @Test(arguments: ["8.8.8.8", "2606:4700::1111", "100.64.0.1", "203.0.113.1", "64:ff9b::808:808"])
    func allOthersMustBeAllowed(text: String) throws {
        #expect(try refusal(text) == .notPrivate)
        #expect(try refusal(text, allowsPublic: true) == nil)
    }

    @Test(arguments: [
        ("169.254.169.254", EndpointAddressPolicy.Refusal.metadata), ("fd00:ec2::254", .metadata),
        ("::ffff:169.254.169.254", .metadata), ("64:ff9b::a9fe:a9fe", .metadata), ("2002:a9fe:a9fe::1", .metadata),
        ("::169.254.169.254", .metadata), ("100.100.100.200", .metadata), ("169.254.0.1", .linkLocal),
        ("fe80::1", .linkLocal), ("0.0.0.0", .notAHost), ("::", .notAHost), ("224.0.0.1", .notAHost),
        ("255.255.255.255", .notAHost), ("ff02::1", .notAHost),
    ])
    func someAreRefusedWhateverIsAllowed(text: String, expected: EndpointAddressPolicy.Refusal) throws {
        #expect(try refusal(text, allowsPublic: true) == expected)
        #expect(try refusal(text, allowsPublic: false) == expected)
    }

    @Test func ourOwnListenersAreRefused() throws {
        #expect(try refusal("10.0.0.5", port: 443, listeners: ["10.0.0.5:443"]) == .ownListener)
        #expect(try refusal("10.0.0.5", port: 444, listeners: ["10.0.0.5:443"]) == nil)
        #expect(try refusal("10.0.0.6", port: 443, listeners: ["10.0.0.5:443"]) == nil)
        for listener in ["0.0.0.0:443", "[::]:443"] {
            #expect(try refusal("127.0.0.1", port: 443, listeners: [listener]) == .ownListener)
            #expect(try refusal("::1", port: 443, listeners: [listener]) == .ownListener)
            #expect(try refusal("10.0.0.5", port: 443, listeners: [listener]) == .ownListener)
            #expect(try refusal("10.0.0.6", port: 443, listeners: [listener]) == nil)
            #expect(try refusal("127.0.0.1", port: 80, listeners: [listener]) == nil)
        }
        let policy = EndpointAddressPolicy(
            allowsPublic: true, listeners: [try SocketEndpoint("unix:/run/a.sock")], local: [])
        #expect(throws: EndpointAddressPolicy.Refusal.ownListener) { try policy.check(path: "/run/a.sock") }
        #expect(throws: Never.self) { try policy.check(path: "/run/b.sock") }
    }
}
