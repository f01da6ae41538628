import GateIdentity
import GatePrimitives
import Testing

@Suite struct CredentialFinderTests {
    private enum Part {
        case authorization(String)
        case cookie(String)
        case query(String)
    }

    /// What the finder found: the token's text and what is left of the field, or the refusal's word, or nil.
    private func find(_ parts: [Part], in sources: [CredentialSource] = [.header]) -> [String]? {
        var finder = CredentialFinder(CredentialSources(sources))
        var texts: [[UInt8]] = []
        let base = 1000
        do throws(Fault) {
            for (index, part) in parts.enumerated() {
                switch part {
                case .authorization(let text):
                    let bytes = [UInt8](text.utf8)
                    texts.append(bytes)
                    try finder.authorization(bytes.span, at: base * index)
                case .cookie(let text):
                    let bytes = [UInt8](text.utf8)
                    texts.append(bytes)
                    try finder.cookie(bytes.span, at: base * index)
                case .query(let text):
                    let bytes = [UInt8](text.utf8)
                    texts.append(bytes)
                    try finder.query(bytes.span, at: base * index)
                }
            }
        } catch {
            return [error.reason.rawValue]
        }
        guard let found = finder.found else { return nil }
        let index = found.token.lowerBound / base
        func text(_ range: Range<Int>) -> [UInt8] {
            Array(texts[index][range.lowerBound - index * base..<range.upperBound - index * base])
        }
        var rest = texts[index]
        rest.removeSubrange(found.removal.lowerBound - index * base..<found.removal.upperBound - index * base)
        return [String(decoding: text(found.token), as: UTF8.self), String(decoding: rest, as: UTF8.self)]
    }

    @Test func aBearerTokenIsFoundWhateverTheCaseOfItsScheme() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            #expect(find([.authorization("\(scheme) a.b.c")]) == ["a.b.c", ""])
        }
        #expect(find([.authorization("Bearer   a.b.c")]) == ["a.b.c", ""])
    }

    @Test func anotherSchemeIsNoToken() {
        #expect(find([.authorization("Basic YTpi")]) == nil)
        #expect(find([.authorization("Bearerx a.b.c")]) == nil)
        #expect(find([.authorization("a.b.c")]) == nil)
        #expect(find([]) == nil)
    }

    @Test(arguments: ["", " ", "Bearer", "Bearer ", "bearer   ", " Bearer a.b.c"])
    func aMalformedFieldIsRefused(value: String) {
        #expect(find([.authorization(value)]) == ["jwt_malformed"])
    }

    // attacks 50
    @Test func twoAuthorizationFieldsAreRefusedWhateverTheyHold() {
        #expect(find([.authorization("Bearer a"), .authorization("Bearer a")]) == ["jwt_ambiguous"])
        #expect(find([.authorization("Basic a"), .authorization("Bearer a")]) == ["jwt_ambiguous"])
        #expect(find([.authorization("Bearer a"), .authorization("Basic a")]) == ["jwt_ambiguous"])
        #expect(find([.authorization("Basic a"), .authorization("Basic a")]) == ["jwt_ambiguous"])
    }

    // attacks 50
    @Test func aTokenInTwoPlacesIsRefused() {
        let all: [CredentialSource] = [.header, .cookie("session"), .query("access_token")]
        let header = Part.authorization("Bearer a")
        let cookie = Part.cookie("session=b")
        let query = Part.query("access_token=c")
        #expect(find([header], in: all)?.first == "a")
        #expect(find([cookie], in: all)?.first == "b")
        #expect(find([query], in: all)?.first == "c")
        for parts in [
            [header, cookie], [header, query], [cookie, query], [header, cookie, query], [cookie, cookie],
        ] {
            #expect(find(parts, in: all) == ["jwt_ambiguous"])
        }
        #expect(find([.cookie("session=a; session=a")], in: all) == ["jwt_ambiguous"])
        #expect(find([.query("access_token=a&x=1&access_token=b")], in: all) == ["jwt_ambiguous"])
        #expect(find([.query("access_token=a&access%5Ftoken=b")], in: all) == ["jwt_ambiguous"])
        #expect(find([.query("access_token=a&access%5ftoken=b")], in: all) == ["jwt_ambiguous"])
    }

    @Test func whatIsNotConfiguredIsNotACredential() {
        #expect(find([.authorization("Bearer a")], in: [.cookie("session")]) == nil)
        #expect(find([.cookie("session=b")], in: [.header]) == nil)
        #expect(find([.query("access_token=c")], in: [.header]) == nil)
    }

    @Test func aCookieIsFoundByItsExactName() {
        let sources: [CredentialSource] = [.cookie("session")]
        #expect(find([.cookie("a=1; session=tok; b=2")], in: sources) == ["tok", "a=1; b=2"])
        #expect(find([.cookie("session=tok")], in: sources) == ["tok", ""])
        #expect(find([.cookie("a=1; session=tok")], in: sources) == ["tok", "a=1"])
        #expect(find([.cookie("session=tok;a=1")], in: sources) == ["tok", "a=1"])
        #expect(find([.cookie("session=t=o=k")], in: sources)?.first == "t=o=k")
        #expect(find([.cookie("a=1;  session = tok ;b=2")], in: sources)?.first == "tok")
        for other in ["Session=tok", "xsession=tok", "sessio=tok", "a=session=tok", "", ";;", "=tok", " "] {
            #expect(find([.cookie(other)], in: sources) == nil)
        }
        for empty in ["session=", "session", "a=1; session=; b=2"] {
            #expect(find([.cookie(empty)], in: sources) == ["jwt_malformed"])
        }
    }

    @Test func aParameterIsFoundByItsNameAndRefusedInAnotherSpelling() {
        let sources: [CredentialSource] = [.query("access_token")]
        #expect(find([.query("a=1&access_token=tok&b=2")], in: sources) == ["tok", "a=1&b=2"])
        #expect(find([.query("access%5Ftoken=tok")], in: sources) == ["jwt_malformed"])
        #expect(find([.query("%61ccess_token=tok")], in: sources) == ["jwt_malformed"])
        #expect(find([.query("a=1&access_token=tok")], in: sources) == ["tok", "a=1"])
        for other in [
            "Access_token=t", "access_token%=t", "access_token%5=t", "xaccess_token=t", "a=access_token", "", "&&",
        ] {
            #expect(find([.query(other)], in: sources) == nil)
        }
        #expect(find([.query("access_token")], in: sources) == ["jwt_malformed"])
        #expect(find([.query("access_token=")], in: sources) == ["jwt_malformed"])
    }

    @Test func theSourceIsNamedByItsPlace() throws {
        let sources = CredentialSources([.header, .cookie("s"), .header, .query("q")])
        #expect(sources.all == [.header, .cookie("s"), .query("q")])
        var finder = CredentialFinder(sources)
        let query = [UInt8]("q=1".utf8)
        try finder.query(query.span, at: 7)
        let found = try #require(finder.found)
        #expect(found.source == 2)
        #expect(found.token == 9..<10)
        #expect(found.removal == 7..<10)
    }
}
