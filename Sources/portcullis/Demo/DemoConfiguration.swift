/// The configuration that the demo runs, as an operator would write it.
enum DemoConfiguration {
    /// The issuer and audience of the demo's tokens.
    static let issuer = "https://issuer.example"
    static let audience = "orders"

    /// The file's text, with addresses of the backend that answers and of one that does not.
    static func text(backend: String, dead: String, adminSocket: String) -> String {
        """
        version: 1

        listeners:
          public:
            address: 127.0.0.1:0
            tls:
              certificates:
                - { chain: server.pem, key: server.key }

        admin: { address: "unix:\(adminSocket)" }
        telemetry: { address: 127.0.0.1:0 }
        logs: { access: file:access.log, events: stderr }
        process: { loops: 1 }

        identities:
          staff:
            jwt:
              issuer: \(issuer)
              audiences: [\(audience)]
              jwks: file:keys/jwks.json
              algorithms: [ES256]

        limits:
          ordinary: { key: client.address, rate: 50/s, burst: 100 }
          strict: { key: client.address, rate: 1/min, burst: 1 }

        waf:
          edge:
            rules: [\(RuleSetArguments.debian.map { "\"\($0)\"" }.joined(separator: ", "))]

        upstreams:
          orders:
            endpoints: [\(backend)]
          dead:
            endpoints: [\(dead)]

        defaults: { limits: [ordinary] }

        routes:
          - name: orders
            match: { path: /orders }
            auth: { anyOf: [{ identity: staff, scopes: [orders:read] }] }
            upstream: orders
          - name: limited
            match: { path: /limited }
            auth: none
            limits: [strict]
            rewrite: { prefix: /orders }
            upstream: orders
          - name: search
            match: { path: /search, methods: [GET] }
            auth: none
            waf: edge
            rewrite: { prefix: /orders }
            upstream: orders
          - name: echo
            match: { path: /echo, methods: [POST] }
            auth: none
            body: { max: 1KiB }
            upstream: orders
          - name: slow
            match: { path: /slow }
            auth: none
            timeouts: { read: 1s }
            upstream: orders
          - name: dead
            match: { path: /dead }
            auth: none
            upstream: dead

        """
    }
}
