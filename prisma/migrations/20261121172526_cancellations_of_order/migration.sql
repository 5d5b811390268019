-- an order's cancellations are found by its id
-- by hand

-- References are jsonb: the id within is read like a column, t."resourceOrderId".
CREATE FUNCTION "resourceOrderId"("CancelResourceOrder") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."resourceOrder"->>'id' $$;

CREATE INDEX "CancelResourceOrder_resourceOrderId_idx"
ON "CancelResourceOrder" ("tenantId", ("resourceOrder"->>'id'), "id");
