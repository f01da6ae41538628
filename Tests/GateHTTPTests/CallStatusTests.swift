import NIOCore
import Testing

@testable import GateHTTP

@Suite struct CallStatusTests {
    private func status(_ lines: [(String, String)]) throws -> Int? {
        var block = FieldBlock()
        for (name, value) in lines { try block.append(name, value) }
        return block.callStatus
    }

    private func isCall(_ type: String) -> Bool { Array(type.utf8).span.isMediaType("application/grpc") }

    @Test func theStatusOfACallIsANumberAmongItsTrailers() throws {
        #expect(try status([("grpc-status", "0")]) == 0)
        #expect(try status([("x-other", "1"), ("grpc-status", "16"), ("grpc-message", "no")]) == 16)
        #expect(try status([("grpc-status", "999")]) == 999)
    }

    @Test func whatIsNoNumberIsNoStatus() throws {
        for value in ["", "-1", "1000", "1 6", "0x1", "OK"] { #expect(try status([("grpc-status", value)]) == nil) }
        #expect(try status([("grpc-statuses", "1"), ("x-grpc-status", "1")]) == nil)
        #expect(try status([]) == nil)
    }

    @Test func aMediaTypeHasParametersOrASuffix() {
        for type in ["application/grpc", "Application/GRPC", "application/grpc+proto", "application/grpc; a=b"] {
            #expect(isCall(type))
        }
        for type in ["application/grpc-web", "application/grp", "xapplication/grpc", ""] {
            #expect(!isCall(type))
        }
    }
}
