import GateIdentity
import GatePlan
import GatePrimitives
import GateSettings

/// One identity, compiled.
struct CompiledIdentity {
    /// What proves it.
    enum Credential {
        /// A token, with the place of its key set in the plan.
        case token(TokenVerifier, sources: [CredentialSource], keySet: Int)
        /// The certificate of the TLS client.
        case certificate(CertificateIdentity)
        /// It could not be read, which was reported.
        case unreadable
    }

    let name: String
    let credential: Credential
    /// Where a token's keys come from.
    var keySet: KeySetPlan?
}

extension PlanCompiler {
    /// The identities in their order; the key sets of those with tokens stand in the plan in the same order.
    mutating func compileIdentities() -> [CompiledIdentity] {
        var keySets = 0
        return settings.identities.map { identity in
            if let jwt = identity.jwt {
                defer { keySets += 1 }
                return compile(identity, jwt, keySet: keySets)
            }
            let certificate = identity.clientCertificate.flatMap { compile($0, of: identity) }
            return CompiledIdentity(
                name: identity.name, credential: certificate.map { .certificate($0) } ?? .unreadable)
        }
    }

    /// The patterns, each judged where it stands; nil after an error was recorded.
    private mutating func compile(
        _ certificate: CertificateIdentitySettings, of identity: IdentitySettings
    ) -> CertificateIdentity? {
        let owner = "identity '\(identity.name)'"
        var subjects: [SubjectPattern] = []
        for text in certificate.subjects {
            do throws(SubjectPattern.Problem) { subjects.append(try SubjectPattern(text.value)) } catch {
                self.error(
                    at: text.position, "\(owner): the pattern '\(text.value)' \(error.rawValue)",
                    instead:
                        "write CN=meter-*; the types are \(ClientCertificate.Attribute.knownTypes.joined(separator: ", "))"
                )
            }
        }
        var names: [AlternativeNamePattern] = []
        for text in certificate.sans {
            guard let name = AlternativeNamePattern(text.value) else {
                error(
                    at: text.position, "\(owner): '\(text.value)' is no pattern of a subjectAltName",
                    instead: "write dns:…, uri:…, email:… or ip:…")
                continue
            }
            names.append(name)
        }
        guard subjects.count == certificate.subjects.count, names.count == certificate.sans.count else { return nil }
        return CertificateIdentity(
            name: identity.name, subjects: subjects, alternativeNames: names,
            authorities: certificate.ca?.value.path)
    }

    private mutating func compile(
        _ identity: IdentitySettings, _ jwt: JWTSettings, keySet: Int
    ) -> CompiledIdentity {
        let policy = JWTPolicy(
            identity: identity.name, issuer: jwt.issuer.value, audiences: jwt.audiences,
            algorithms: AlgorithmSet(jwt.algorithms.compactMap { JWSAlgorithm(name: $0.rawValue) }),
            clockSkew: jwt.clockSkew, maxTokenBytes: jwt.maxTokenSize.bytes, claims: claims(readOf: identity.name))
        let refresh = KeySetRefreshPolicy(
            interval: jwt.refreshInterval, minimumInterval: jwt.refreshCooldown, maxStale: jwt.maxStale)
        let sources = jwt.from.map { place -> CredentialSource in
            switch place {
            case .header: .header
            case .cookie(let name): .cookie(name)
            case .query(let name): .query(name)
            }
        }
        return CompiledIdentity(
            name: identity.name,
            credential: .token(TokenVerifier(policy: policy), sources: sources, keySet: keySet),
            keySet: KeySetPlan(
                name: identity.name, source: keySource(of: identity, jwt), policy: refresh,
                roots: jwt.ca?.value.path))
    }

    /// Where the keys are; the file itself stands in where that could not be compiled, which was reported.
    private mutating func keySource(
        of identity: IdentitySettings, _ jwt: JWTSettings
    ) -> GateIdentity.KeySetSource {
        let place = jwt.jwks?.position ?? jwt.issuer.position
        do throws(KeySetURL.Problem) {
            switch jwt.jwks?.value {
            case .file(let path)?:
                checkKeySet(path, at: place)
                return .file(path.path)
            case .url(let url)?: return .url(try KeySetURL(url))
            // An issuer that could not be read was reported there.
            case nil where jwt.issuer.value.isEmpty: return .file("")
            case nil: return .discovery(try .init(issuer: jwt.issuer.value))
            }
        } catch {
            let what = jwt.jwks == nil ? "without jwks the issuer" : "jwks"
            switch error {
            case .malformed:
                self.error(
                    at: place, "identity '\(identity.name)': \(what) is no address to fetch from",
                    instead: jwt.jwks == nil ? "add jwks: https://… or jwks: file:PATH" : "write https://…")
            case .notSecure:
                self.error(
                    at: place,
                    "identity '\(identity.name)': \(what) would be fetched in plain text, so that others could choose the keys",
                    instead: "write https://…")
            }
            return .file("")
        }
    }

    /// Reports a key set that verifies nothing.
    private mutating func checkKeySet(_ path: FilePath, at position: SourcePosition) {
        guard !diagnostics.hasError(at: position),
            let bytes = try? files.contents(of: path.path, limit: KeySet.maxBytes + 1)
        else { return }
        do throws(KeySet.Problem) {
            let keys = try KeySet(bytes.span)
            for skipped in keys.skipped {
                diagnostics.warning(
                    at: position, "key \(skipped.index) of \(path) is not used: \(skipped.problem.rawValue)")
            }
        } catch {
            let words =
                switch error {
                case .tooLarge: "has more than \(KeySet.maxBytes) bytes or \(KeySet.maxKeys) keys"
                case .json(let problem): "is not JSON: \(problem.problem.rawValue) at byte \(problem.offset)"
                case .noKeysArray: "is no key set: it has no array 'keys'"
                case .noUsableKey(let skipped):
                    "holds no key that can be used"
                        + (skipped.first.map { ": the first is refused for \($0.problem.rawValue)" } ?? "")
                }
            self.error(at: position, "\(path) \(words)")
        }
    }

    /// The claims of an identity's tokens that some route or limit looks at.
    private func claims(readOf identity: String) -> [String] {
        var names: Set<String> = []
        for route in settings.routes {
            guard case .anyOf(let uses) = route.auth else { continue }
            for use in uses where use.identity.value == identity { names.formUnion(use.claims.map(\.name)) }
        }
        for limit in settings.limits {
            for key in limit.key {
                if case .principalClaim(let name) = key.value { names.insert(name) }
            }
        }
        return names.sorted()
    }
}
