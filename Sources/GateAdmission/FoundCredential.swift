import GateHTTP
import GateIdentity
import GatePrimitives

/// Where the one credential of a request stands.
struct FoundCredential {
    /// The place of a token in a request.
    struct Place {
        /// The index of the field line; nil for the query.
        let field: Int?
        /// The token within the field's value or the query.
        let range: Range<Int>
        /// The source it was found in, as an index into the sources.
        let source: Int

        @_lifetime(borrow request)
        func token(in request: borrowing VettedRequest) -> Span<UInt8> {
            if let field {
                let value = request.value(at: field)
                return value.extracting(range.clamped(to: 0..<value.count))
            }
            let query = request.query
            return query.extracting(range.clamped(to: 0..<query.count))
        }
    }

    private(set) var token: Place?

    /// Looks through the fields and the query that the sources name; a second credential is refused (attacks 50).
    mutating func find(in request: borrowing VettedRequest, _ sources: CredentialSources) throws(Fault) {
        var finder = CredentialFinder(sources)
        var line = request.first(.authorization)
        while let index = line {
            try finder.authorization(request.value(at: index), at: 0)
            note(finder, field: index)
            line = request.next(.authorization, after: index)
        }
        if sources.readsCookies {
            line = request.first(.cookie)
            while let index = line {
                try finder.cookie(request.value(at: index), at: 0)
                note(finder, field: index)
                line = request.next(.cookie, after: index)
            }
        }
        if sources.readsQuery, request.hasQuery {
            try finder.query(request.query, at: 0)
            note(finder, field: nil)
        }
    }

    private mutating func note(_ finder: CredentialFinder, field: Int?) {
        guard token == nil, let found = finder.found else { return }
        token = Place(field: field, range: found.token, source: found.source)
    }

    /// What is left out of the forwarded request.
    func removal(_ sources: CredentialSources) -> CredentialRemoval {
        guard let token, token.source < sources.all.count else { return .none }
        switch sources.all[token.source] {
        case .header: return CredentialRemoval(fields: [.authorization])
        case .cookie(let name): return CredentialRemoval(cookies: [name])
        case .query(let name): return CredentialRemoval(queryParameters: [name])
        }
    }
}
