import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct FieldTests {
    @Test func everyKnownNameIsRecognisedInAnyCase() {
        let index = FieldNameIndex.shared
        for name in FieldName.allCases where name != .other {
            for text in [name.text, name.text.uppercased()] {
                // With and without bytes behind it: both ways of loading words.
                for tail in ["", ": value\r\n"] {
                    #expect(index.name(of: text, before: tail) == name)
                }
            }
            #expect(name.text.utf8.count <= FieldNameIndex.longest)
            #expect(name.text.utf8.allSatisfy(ByteClass.nameLetter.contains))
        }
    }

    @Test func namesThatAreAlmostKnownAreOthers() {
        let index = FieldNameIndex.shared
        for name in FieldName.allCases where name != .other {
            for text in [name.text + "x", "x" + name.text, String(name.text.dropLast()) + "0"] {
                #expect(index.name(of: text) == .other, "\(text)")
            }
        }
    }

    @Test func aSetHoldsEveryNameApart() {
        for name in FieldName.allCases {
            var set: FieldSet = []
            set.insert(name)
            for other in FieldName.allCases { #expect(set.contains(other) == (other == name && name != .other)) }
        }
        let empty: FieldSet = []
        #expect(empty.isEmpty)
        let host: FieldSet = [.host]
        let both = host.union([.xAuthIdentity])
        #expect(both.contains(.host) && both.contains(.xAuthIdentity) && !both.contains(.te))
    }

    @Test func fieldsAreFoundByName() throws {
        let request = try #require(
            try vet("GET / HTTP/1.1", ["Accept: a", "X-One: 1", "accept:b ", "x-one:  2\t", "x_one: 3"]))
        let first = try #require(request.first(.accept))
        #expect(request.valueText(at: first) == "a")
        let second = try #require(request.next(.accept, after: first))
        #expect(request.valueText(at: second) == "b")
        #expect(request.next(.accept, after: second) == nil)
        let one = try #require(request.index(of: "x-one"))
        #expect(request.valueText(at: one) == "1")
        #expect(request.nameText(at: one) == "x-one")
        let two = try #require(request.index(of: "X-One", after: one))
        #expect(request.valueText(at: two) == "2")
        #expect(request.index(of: "x-one", after: two) == nil)
        #expect(request.first(.cookie) == nil)
        #expect(request.text(.host) == "example.com")
        #expect(request.fieldCount == 6)
    }

    @Test func anIndexThatIsNotThereIsAnEmptyLine() throws {
        let request = try #require(try vet(target: "/"))
        for index in [-1, 1, Int.max, Int.min] {
            #expect(request.valueText(at: index).isEmpty)
            #expect(request.nameText(at: index).isEmpty)
            #expect(request.fieldName(at: index) == .other)
            #expect(request.isRemoved(at: index))
        }
        #expect(request.first(.other) == nil)
    }

    // attacks 15
    @Test(arguments: [
        "Host", "authorization", "Content-Length", "transfer-encoding", "cookie", "X-Forwarded-For",
        "x-forwarded-anything",
        "X-Auth-Subject", "x-auth-other", "forwarded", "X-Real-IP", "x-request-id", "traceparent", "via",
        "x_auth_subject",
        "x-api-key", "close, Host", "content-type",
    ])
    func nominatingWhatTheGatewayReliesOnIsRefused(_ option: String) {
        #expect(refusal("GET / HTTP/1.1", ["connection: \(option)"]) == .hopByHopAbuse)
    }

    // attacks 15
    @Test func nominatedFieldsAreNoPartOfTheRequest() throws {
        let request = try #require(
            try vet(
                "GET / HTTP/1.1", ["X-User: a", "connection: x-user, accept", "x-User: b", "accept: c", "x-kept: d"]))
        #expect(request.first(.accept) == nil)
        #expect(request.index(of: "x-user") == nil)
        let head = try #require(upstreamHead(request))
        #expect(!head.lowercased().contains("x-user"))
        #expect(!head.contains("accept"))
        #expect(!head.contains("connection"))
        #expect(head.contains("x-kept: d\r\n"))
    }

    @Test(arguments: [(31, Reason.ok), (32, .ok), (33, .badHeader)])
    func theNumberOfConnectionOptionsIsBounded(_ count: Int, _ expected: Reason) {
        let options = (0..<count).map { "x-\($0)" }.joined(separator: ",")
        #expect(refusal("GET / HTTP/1.1", ["connection: \(options)"]) == expected)
    }

    @Test func malformedConnectionOptionsAreRefused() {
        #expect(refusal("GET / HTTP/1.1", ["connection: a b"]) == .badHeader)
        #expect(refusal("GET / HTTP/1.1", ["connection: \"close\""]) == .badHeader)
        #expect(refusal("GET / HTTP/1.1", ["connection: , close,"]) == .ok)
    }

    // attacks 42
    @Test(arguments: [
        "x_auth_subject", "X_Auth_Issuer", "x.auth.scopes", "x-auth_identity", "x~auth~subject", "x_request_id",
        "x_forwarded_for", "x.forwarded.user", "X_Forwarded_Anything_At_All_However_Long", "authorization_x",
        "x_api_key",
        "proxy_authorization", "x_real_ip", "x_auth_other",
    ])
    func spellingsThatFoldToIdentityAreRefused(_ name: String) {
        #expect(refusal("GET / HTTP/1.1", ["\(name): a"]) == (name == "authorization_x" ? .ok : .identitySpoof))
    }

    // attacks 42
    @Test func aClientsOwnIdentityFieldsAreRemoved() throws {
        let request = try #require(
            try vet(
                "GET / HTTP/1.1",
                [
                    "X-Auth-Subject: root", "x-auth-subject: admin", "X-AUTH-SCOPES: all", "x-auth-issuer: i",
                    "x-auth-identity: i",
                ]))
        #expect(request.first(.xAuthSubject) == nil)
        #expect(request.isRemoved(at: 1))
        #expect(upstreamHead(request)?.lowercased().contains("x-auth") == false)
    }

    // attacks 40
    @Test(arguments: [
        "X-Original-URL", "X-Rewrite-URL", "x-envoy-original-path", "X-HTTP-Method-Override", "X-HTTP-Method",
        "X-Method-Override",
        "X-Accel-Redirect", "X-Accel-Anything", "X-Envoy-Anything", "X-Original-URI", "X-Override-URL",
    ])
    func namesThatSteerProxiesAreRemoved(_ name: String) throws {
        let request = try #require(try vet("GET / HTTP/1.1", ["\(name): /admin"]))
        #expect(upstreamHead(request)?.contains("/admin") == false)
        #expect(request.index(of: name) == nil)
    }

    @Test func aBlockHoldsOnlyValidLines() throws {
        var block = FieldBlock()
        #expect(block.isEmpty)
        try block.append("X-Name", "a b\tc")
        try block.append(.xAuthSubject, "")
        #expect(String(buffer: block.bytes) == "x-name: a b\tc\r\nx-auth-subject: \r\n")
        for value in ["a\r\nb: c", "a\nb", "a\u{0}", " a", "a ", "\ta", "a\u{E9}", "\u{7F}"] {
            #expect(throws: FieldProblem.badValue) { try block.append("x", value) }
        }
        for name in ["", "a b", "a:", "a\r\n", "\u{E9}"] {
            #expect(throws: FieldProblem.badName) { try block.append(name, "v") }
        }
        #expect(String(buffer: block.bytes) == "x-name: a b\tc\r\nx-auth-subject: \r\n")
    }

    @Test func editsMayNotTouchWhatTheGatewayWrites() {
        for name in [
            "Host", "content-length", "Transfer-Encoding", "connection", "x-auth-subject", "via", "x-request-id",
        ] {
            #expect(throws: FieldProblem.reserved) { try HeaderEdits(set: [], remove: [name]) }
            #expect(throws: FieldProblem.reserved) { try HeaderEdits(set: [(name, "v")], remove: []) }
        }
        #expect(throws: FieldProblem.badName) { try HeaderEdits(set: [], remove: ["a b"]) }
        #expect(throws: FieldProblem.badValue) { try HeaderEdits(set: [("a", "b\r\n")], remove: []) }
        #expect(HeaderEdits.none.isEmpty)
    }
}
