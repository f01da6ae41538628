import GateIdentity
import GatePlan
import GatePrimitives
import GateSettings

/// One identity, compiled.
struct CompiledIdentity {
    let name: String
    let verifier: TokenVerifier
    let sources: [CredentialSource]
    let keySet: KeySetPlan
}

extension PlanCompiler {
    /// The identities in their order; an index is the key set's in the plan.
    mutating func compileIdentities() -> [CompiledIdentity] {
        settings.identities.map { compile($0) }
    }

    private mutating func compile(_ identity: IdentitySettings) -> CompiledIdentity {
        let jwt = identity.jwt
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
            name: identity.name, verifier: TokenVerifier(policy: policy), sources: sources,
            keySet: KeySetPlan(
                name: identity.name, source: keySource(of: identity), policy: refresh,
                roots: jwt.ca?.value.path))
    }

    /// Where the keys are; the file itself stands in where that could not be compiled, which was reported.
    private mutating func keySource(of identity: IdentitySettings) -> GateIdentity.KeySetSource {
        let jwt = identity.jwt
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
