import GateHTTP
import GatePlan
import GatePrimitives
import NIOCore
import Testing

@testable import GateExchange

/// Who the client is behind trusted hops (attacks 41).
@Suite struct ClientAddressTests {
    private func request(_ fields: [String]) throws -> VettedRequest {
        let lines = (["GET / HTTP/1.1", "host: a"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
        var buffer = ByteBuffer(string: lines)
        var reader = RequestHeadReader()
        var table = HeadTable()
        return try VettedRequest.vet(#require(try reader.read(&buffer, into: &table)))
    }

    /// The address, or the word of the refusal.
    private func client(_ fields: String..., by field: ClientAddressRule.Field = .xForwardedFor) throws -> String {
        let trusted = AddressSet([try CIDR("10.0.0.0/8"), try CIDR("fd00::/8")])
        let peer = try #require(IPAddress("10.0.0.1"))
        let request = try request(fields)
        do throws(Fault) {
            return try ClientAddress.resolve(
                in: request, ClientAddressRule(field: field, trusted: trusted), peer: peer
            ).description
        } catch {
            return error.reason.rawValue
        }
    }

    @Test func theRightmostAddressThatIsNotTrustedIsTheClient() throws {
        #expect(try client("x-forwarded-for: 203.0.113.7") == "203.0.113.7")
        #expect(try client("x-forwarded-for: 1.1.1.1, 203.0.113.7, 10.2.3.4") == "203.0.113.7")
        #expect(try client("x-forwarded-for: 203.0.113.7 ,\t10.2.3.4,10.0.0.9") == "203.0.113.7")
        // Several lines are one list, in their order.
        #expect(try client("x-forwarded-for: 203.0.113.7", "x-forwarded-for: 10.2.3.4") == "203.0.113.7")
        #expect(try client("x-forwarded-for: 10.2.3.4", "x-forwarded-for: 203.0.113.7") == "203.0.113.7")
        #expect(try client("x-forwarded-for: ::ffff:203.0.113.7") == "203.0.113.7")
        #expect(try client("x-forwarded-for: 2001:db8::1, fd00::2") == "2001:db8::1")
    }

    @Test func withoutTheFieldItIsThePeerAndWithTrustedHopsAloneTheFirst() throws {
        #expect(try client() == "10.0.0.1")
        #expect(try client("forwarded: for=203.0.113.7") == "10.0.0.1")
        #expect(try client("x-forwarded-for: 10.9.9.9, 10.2.3.4") == "10.9.9.9")
    }

    @Test func whatAStrangerWroteBeforeIsNotEvenRead() throws {
        #expect(try client("x-forwarded-for: garbage, unknown, 203.0.113.7, 10.2.3.4") == "203.0.113.7")
        #expect(try client("x-forwarded-for: 10.0.0.5, 203.0.113.7") == "203.0.113.7")
    }

    @Test(arguments: ["garbage", "", "203.0.113.7,", "203.0.113.7, ,10.1.1.1", "300.1.1.1", "unknown", "10.1.1.1;x"])
    func whatATrustedHopWroteAndCannotBeReadIsRefused(value: String) throws {
        #expect(try client("x-forwarded-for: \(value)") == "bad_header")
    }

    @Test func portsAndBracketsAreUnderstood() throws {
        #expect(try client("x-forwarded-for: 203.0.113.7:4711") == "203.0.113.7")
        #expect(try client("x-forwarded-for: [2001:db8::1]:4711") == "2001:db8::1")
        #expect(try client("x-forwarded-for: [2001:db8::1]") == "2001:db8::1")
    }

    @Test func forwardedIsReadByItsFor() throws {
        func forwarded(_ value: String) throws -> String { try client("forwarded: \(value)", by: .forwarded) }
        #expect(try forwarded("for=203.0.113.7") == "203.0.113.7")
        #expect(try forwarded("proto=https;For=\"[2001:db8::1]:80\";host=a") == "2001:db8::1")
        #expect(try forwarded("for=1.1.1.1, for=203.0.113.7;by=10.0.0.1, for=10.2.2.2") == "203.0.113.7")
        #expect(try forwarded("for=_hidden") == "bad_header")
        #expect(try forwarded("by=10.0.0.1") == "bad_header")
        // A quote that a client left open swallows nothing: what the hop appended is still an element of its own.
        #expect(try forwarded("for=\"1.1.1.1, for=203.0.113.7") == "203.0.113.7")
    }

    @Test func aChainHasALimit() throws {
        let hops = Array(repeating: "10.1.1.1", count: 31)
        #expect(try client("x-forwarded-for: " + (["203.0.113.7"] + hops).joined(separator: ",")) == "203.0.113.7")
        #expect(
            try client("x-forwarded-for: " + (["203.0.113.7", "10.1.1.1"] + hops).joined(separator: ","))
                == "bad_header")
    }
}
